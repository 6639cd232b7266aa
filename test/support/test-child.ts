import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { crashed, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import type { AnyEvent, Handle, Pid, StartContext, StartResult } from '#supervisors/kernel/process.ts';

export type ScriptedStart = (context: StartContext, incarnation: Incarnation) => StartResult | Promise<StartResult>;

export interface TestChildOptions {
  /** What it ends with when it is asked to end; `stuck` never answers. @defaultValue shutdown */
  readonly onShutdown?: ExitReason | 'stuck';
  /** Settles the kill, where killing takes time. */
  readonly onKill?: () => Promise<void> | void;
  readonly onEvent?: (event: AnyEvent, incarnation: Incarnation) => void;
}

/** One run of a scripted child. */
export class Incarnation implements Handle {
  readonly context: StartContext;
  readonly received: AnyEvent[] = [];
  isAlive = true;
  readonly #child: TestChild;

  constructor(child: TestChild, context: StartContext) {
    this.#child = child;
    this.context = context;
    context.signal.addEventListener('abort', () => void (this.isAlive = false));
  }

  get pid(): Pid {
    return this.context.pid;
  }

  get table(): this {
    return this;
  }

  send(event: AnyEvent): void {
    this.received.push(event);
    this.#child.options.onEvent?.(event, this);
  }

  shutdown(): void {
    this.#child.log.push(`stop ${this.#child.id}`);
    const { onShutdown = SHUTDOWN } = this.#child.options;
    if (onShutdown !== 'stuck') this.context.exit(onShutdown);
  }

  kill(): void | Promise<void> {
    if (this.isAlive) this.#child.log.push(`kill ${this.#child.id}`);
    this.isAlive = false;
    return this.#child.options.onKill?.();
  }

  exit(reason: ExitReason): void {
    this.context.exit(reason);
  }

  crash(error: unknown = new Error('boom')): void {
    this.exit(crashed(error));
  }
}

/** A child whose starts, ends and answers a test scripts; keeps every incarnation it ever had. */
export class TestChild {
  readonly id: string;
  readonly log: string[];
  readonly options: TestChildOptions;
  readonly incarnations: Incarnation[] = [];
  /** What the next starts do, the first one first; when it is empty they succeed. */
  readonly script: ScriptedStart[] = [];

  constructor(id: string, log: string[], options: TestChildOptions = {}) {
    this.id = id;
    this.log = log;
    this.options = options;
  }

  readonly start = (context: StartContext): StartResult | Promise<StartResult> => {
    const incarnation = new Incarnation(this, context);
    this.incarnations.push(incarnation);
    this.log.push(`start ${this.id}`);
    const scripted = this.script.shift();
    if (scripted === undefined) return incarnation;
    incarnation.isAlive = false;
    const result = scripted(context, incarnation);
    incarnation.isAlive = result === incarnation && !context.signal.aborted;
    return result;
  };

  spec(more: Partial<ChildSpec> = {}): ChildSpec {
    return { id: this.id, name: this.id, start: this.start, ...more };
  }

  get starts(): number {
    return this.incarnations.length;
  }

  get live(): Incarnation[] {
    return this.incarnations.filter((incarnation) => incarnation.isAlive);
  }

  /** The incarnation that lives; throws when there is not exactly one. */
  get current(): Incarnation {
    const [only, ...others] = this.live;
    if (only === undefined || others.length > 0) throw new Error(`${this.id} has ${this.live.length} live incarnations`);
    return only;
  }

  get pid(): Pid | undefined {
    return this.live.at(-1)?.pid;
  }

  /** Lets the next `times` starts fail. */
  failStarts(times: number, error: unknown = new Error('no start')): void {
    for (let time = 0; time < times; time += 1) {
      this.script.push(() => {
        throw error;
      });
    }
  }

  /** Lets the next start wait until the test settles it. */
  holdStart(): { release(): void; fail(error: unknown): void } {
    const held = Promise.withResolvers<StartResult>();
    let incarnation: Incarnation | undefined;
    this.script.push((_context, current) => {
      incarnation = current;
      return held.promise;
    });
    return {
      release: () => {
        if (incarnation === undefined) throw new Error(`${this.id} was not started`);
        incarnation.isAlive = true;
        held.resolve(incarnation);
      },
      fail: (error) => held.reject(error),
    };
  }
}
