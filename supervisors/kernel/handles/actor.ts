import type { Actor, AnyActorLogic, AnyActorRef, InputFrom, InspectionEvent, SnapshotFrom } from 'xstate';
import { createActor, StateMachine } from 'xstate';
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
    const family = logic instanceof StateMachine ? new Family() : undefined;
    const ref: Actor<AnyActorLogic> = createActor(logic as AnyActorLogic, {
      input,
      clock: xstateClock(context),
      id: context.name ?? context.id,
      ...(family === undefined ? {} : { inspect: family.inspect }),
    });
    const handle = new ActorHandle(ref, context, family, options.table as ((snapshot: unknown) => unknown) | undefined);
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
  readonly #family: Family | undefined;
  readonly #makeTable: ((snapshot: unknown) => unknown) | undefined;
  table: unknown;
  #isDraining = false;

  constructor(ref: Actor<AnyActorLogic>, context: StartContext, family: Family | undefined, makeTable: ((snapshot: unknown) => unknown) | undefined) {
    this.#ref = ref;
    this.#context = context;
    this.#family = family;
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
    this.#family?.reap();
  }

  /** Of nested states the outermost, of parallel ones all. */
  state(): string | undefined {
    const { value } = this.#ref.getSnapshot() as { value?: unknown };
    return typeof value === 'object' && value !== null ? Object.keys(value).join(' + ') : (value as string | undefined);
  }

  #onError(error: unknown): void {
    this.#family?.reap();
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

const FIRST_SWEEP = 16;

/**
 * All actors that a machine has started, in any depth. A crashed machine leaves its children running
 * (statelyai/xstate#5153), and its snapshot does not lead to all of them. XState's own stop event is undocumented:
 * xstate is pinned and test/supervisors/kernel/handles/actor.test.ts holds this.
 */
class Family {
  readonly #members = new Set<AnyActorRef>();
  #sweepAt = FIRST_SWEEP;

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.actor' || event.actorRef.sessionId === event.rootId) return;
    if (this.#members.size >= this.#sweepAt) this.#sweep();
    this.#members.add(event.actorRef as AnyActorRef);
  };

  reap(): void {
    for (const member of this.#members) if (isActive(member)) member.send({ type: 'xstate.stop' });
    this.#members.clear();
  }

  /** A machine that lives long starts many: those that have ended need not be remembered. */
  #sweep(): void {
    for (const member of this.#members) if (!isActive(member)) this.#members.delete(member);
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#members.size);
  }
}

function isActive(ref: AnyActorRef): boolean {
  return (ref.getSnapshot() as { status: string } | undefined)?.status === 'active';
}
