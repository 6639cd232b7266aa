import type { Actor, AnyActorLogic, AnyActorRef, InputFrom, SnapshotFrom } from 'xstate';
import { createActor } from 'xstate';
import { crashed, NORMAL, SHUTDOWN } from '../exit-reason.ts';
import type { AnyEvent, Handle, StartContext, StartFunction } from '../process.ts';

/** Sent to a machine that is to end. One that can take it is waited for until it is done; any other is stopped at once. */
export const SHUTDOWN_EVENT = { type: 'shutdown' } as const;

export interface ActorOptions<Logic extends AnyActorLogic> {
  /** Made anew for each incarnation. */
  readonly input?: (context: StartContext) => InputFrom<Logic>;
  /** What others may read and call directly, made from the first snapshot. */
  readonly table?: (snapshot: SnapshotFrom<Logic>) => unknown;
}

/** Start function of a child that is an XState actor: a machine, a transition function or any other actor logic. */
export function actor<Logic extends AnyActorLogic>(logic: Logic, options: ActorOptions<Logic> = {}): StartFunction {
  return (context) => {
    const input = options.input?.(context);
    const ref: Actor<AnyActorLogic> = createActor(logic as AnyActorLogic, { input, clock: xstateClock(context), id: context.name ?? context.id });
    const handle = new ActorHandle(ref, context, options.table as ((snapshot: unknown) => unknown) | undefined);
    context.own(handle);
    handle.start();
    return handle;
  };
}

function xstateClock({ runtime }: StartContext): { setTimeout(run: () => void, ms: number): unknown; clearTimeout(id: unknown): void } {
  return runtime.clock;
}

class ActorHandle implements Handle {
  readonly #ref: Actor<AnyActorLogic>;
  readonly #context: StartContext;
  readonly #makeTable: ((snapshot: unknown) => unknown) | undefined;
  table: unknown;
  #isDraining = false;

  constructor(ref: Actor<AnyActorLogic>, context: StartContext, makeTable: ((snapshot: unknown) => unknown) | undefined) {
    this.#ref = ref;
    this.#context = context;
    this.#makeTable = makeTable;
  }

  /** The error observer comes before the start: without it XState rethrows a crash into the process. */
  start(): void {
    this.#ref.subscribe({ error: (error) => this.#onError(error), complete: () => this.#onComplete() });
    this.#ref.start();
    const snapshot = this.#ref.getSnapshot() as { status: string };
    if (snapshot.status === 'active') this.table = this.#makeTable?.(snapshot);
  }

  send(event: AnyEvent): void {
    this.#ref.send(event);
  }

  shutdown(): void {
    if (canTake(this.#ref, SHUTDOWN_EVENT)) {
      this.#isDraining = true;
      this.#ref.send(SHUTDOWN_EVENT);
      return;
    }
    this.kill();
    this.#context.exit(SHUTDOWN);
  }

  kill(): void {
    this.#ref.stop();
    reap(this.#ref);
  }

  state(): string | undefined {
    const { value } = this.#ref.getSnapshot() as { value?: unknown };
    return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  }

  #onError(error: unknown): void {
    reap(this.#ref);
    this.#context.exit(crashed(error));
  }

  #onComplete(): void {
    if (this.#ref.getSnapshot().status === 'done') this.#context.exit(this.#isDraining ? SHUTDOWN : NORMAL);
  }
}

/** `can` runs the machine's guards; one that throws will crash the actor when the event arrives, so it may be sent. */
function canTake(ref: Actor<AnyActorLogic>, event: AnyEvent): boolean {
  const snapshot = ref.getSnapshot() as { can?: (event: AnyEvent) => boolean; status: string };
  if (snapshot.can === undefined || snapshot.status !== 'active') return false;
  try {
    return snapshot.can(event);
  } catch {
    return true;
  }
}

/**
 * Stops the children that a crashed machine leaves running (statelyai/xstate#5153). XState's own stop event is
 * undocumented: xstate is pinned and test/supervisors/kernel/handles/actor.test.ts holds this.
 */
function reap(ref: AnyActorRef): void {
  const children = (ref.getSnapshot() as { children?: Record<string, AnyActorRef | undefined> } | undefined)?.children;
  for (const child of Object.values(children ?? {})) {
    if (child === undefined) continue;
    const { status } = child.getSnapshot() as { status: string };
    if (status === 'active') child.send({ type: 'xstate.stop' });
    else if (status === 'error') reap(child);
  }
}
