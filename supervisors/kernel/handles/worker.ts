import { Worker } from 'node:worker_threads';
import type { AnyEvent, Asked, Handle, StartContext, StartFunction } from '../process.ts';
import { crashed, SHUTDOWN } from '../exit-reason.ts';
import { fromWireError } from './worker-protocol.ts';
import type { FromWorker, ToWorker, WorkerEvent, WorkerReply, WorkerStart } from './worker-protocol.ts';

export interface WorkerOptions {
  /** The worker's file; it calls `serveWorker`. */
  readonly url: URL;
  /** Cloned into the worker. */
  readonly input?: unknown;
  /** A worker that is silent for more than twice as long is dead. @defaultValue 5000 */
  readonly heartbeatMs?: number;
  /** Heap of the worker; over it the worker crashes, and the process does not. @defaultValue Node's own */
  readonly maxHeapMb?: number;
  /** Told the worker's `info` when it is up, and that it is down when it is not. */
  readonly onUp?: (info: unknown) => void;
  readonly onDown?: () => void;
}

/** A worker thread that died without an exception of its own. */
export class WorkerFailure extends Error {
  override readonly name = 'WorkerFailure';
}

const DEFAULT_HEARTBEAT_MS = 5000;

/** Start function of a child that is a worker thread. It is up once the worker says so. */
export function worker(options: WorkerOptions): StartFunction {
  return (context) => new WorkerHandle(context, options).up();
}

class WorkerHandle implements Handle {
  readonly #context: StartContext;
  readonly #options: WorkerOptions;
  readonly #worker: Worker;
  readonly #heartbeatMs: number;
  readonly #asked = new Map<number, Asked>();
  readonly #up = Promise.withResolvers<this>();
  #failure: unknown;
  #outbox: WorkerEvent[] = [];
  #lastId = 0;
  #lastHeardMs: number;
  #watchdog: unknown;
  #isEnding = false;

  constructor(context: StartContext, options: WorkerOptions) {
    this.#context = context;
    this.#options = options;
    this.#heartbeatMs = options.heartbeatMs ?? DEFAULT_HEARTBEAT_MS;
    this.#lastHeardMs = context.runtime.clock.now();
    const workerData: WorkerStart = { heartbeatMs: this.#heartbeatMs, input: options.input };
    const resourceLimits = options.maxHeapMb === undefined ? {} : { maxOldGenerationSizeMb: options.maxHeapMb };
    this.#worker = new Worker(options.url, { workerData, resourceLimits, name: context.name ?? context.id });
    this.#worker.on('message', (message: FromWorker) => this.#onMessage(message));
    this.#worker.on('error', (error) => void (this.#failure = error));
    this.#worker.on('exit', (code) => this.#onExit(code));
    context.signal.addEventListener('abort', () => this.#onDown(), { once: true });
    context.own(this);
  }

  up(): Promise<this> {
    return this.#up.promise;
  }

  send(event: AnyEvent): void {
    this.#outbox.push(this.#toWire(event));
    if (this.#outbox.length === 1) setImmediate(() => this.#flush());
  }

  /** One post for each turn of the loop: a post costs more than an event, and the worker can do together what comes together. */
  #flush(): void {
    const events = this.#outbox;
    if (events.length === 0) return;
    this.#outbox = [];
    this.#post({ kind: 'events', events });
  }

  backlog(): number {
    return this.#asked.size;
  }

  shutdown(): void {
    this.#isEnding = true;
    this.#flush();
    this.#post({ kind: 'shutdown' });
  }

  async kill(): Promise<void> {
    this.#isEnding = true;
    await this.#worker.terminate();
  }

  /** Functions cannot be cloned: the two answers stay here, a number goes. */
  #toWire(event: AnyEvent & Partial<Asked>): WorkerEvent {
    const { reply, fail, ...plain } = event;
    if (reply === undefined || fail === undefined) return { id: null, event: plain };
    this.#lastId += 1;
    this.#asked.set(this.#lastId, { reply, fail });
    return { id: this.#lastId, event: plain };
  }

  #post(message: ToWorker): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only a window has
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromWorker): void {
    this.#lastHeardMs = this.#context.runtime.clock.now();
    switch (message.kind) {
      case 'ready':
        if (this.#context.signal.aborted) return;
        this.#options.onUp?.(message.info);
        this.#watch();
        return this.#up.resolve(this);
      case 'start-failed':
        this.#isEnding = true;
        return this.#up.reject(fromWireError(message.error));
      case 'replies':
        for (const reply of message.replies) this.#answer(reply);
        return;
      case 'beat':
    }
  }

  #answer(reply: WorkerReply): void {
    const asked = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    if ('error' in reply) asked?.fail(fromWireError(reply.error));
    else asked?.reply(reply.value);
  }

  #watch(): void {
    const { clock } = this.#context.runtime;
    this.#watchdog = clock.setTimeout(() => {
      const silentMs = clock.now() - this.#lastHeardMs;
      if (silentMs <= 2 * this.#heartbeatMs) return this.#watch();
      const failure = new WorkerFailure(`worker sent no heartbeat for ${Math.round(silentMs)}ms`);
      this.#context.fail(failure);
    }, this.#heartbeatMs);
  }

  /** The thread is gone: only now is its end told, so that the next incarnation finds everything free. */
  #onExit(code: number): void {
    if (this.#isEnding && this.#failure === undefined) return this.#context.exit(SHUTDOWN);
    const error = this.#failure ?? new WorkerFailure(`worker exited with code ${code}`);
    this.#up.reject(error);
    this.#context.exit(crashed(error));
  }

  #onDown(): void {
    this.#context.runtime.clock.clearTimeout(this.#watchdog);
    this.#options.onDown?.();
  }
}
