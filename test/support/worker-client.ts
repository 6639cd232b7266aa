import { Worker } from 'node:worker_threads';
import { ServiceError } from '#src/errors.ts';
import { fromWireError } from '#supervisors/kernel/handles/worker-protocol.ts';
import type { FromWorker, ToWorker, WorkerEvent, WorkerReply, WorkerStart } from '#supervisors/kernel/handles/worker-protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

const HEARTBEAT_MS = 1000;

/** A worker without a supervisor: speaks the protocol of `serveWorker`, one post for all events of one turn. */
export class WorkerClient {
  readonly info: unknown;
  readonly #worker: Worker;
  readonly #waiting: Map<number, Waiting>;
  #outbox: WorkerEvent[] = [];
  #lastId = 0;

  constructor(worker: Worker, waiting: Map<number, Waiting>, info: unknown) {
    this.#worker = worker;
    this.#waiting = waiting;
    this.info = info;
  }

  /** Resolves when the worker is ready; rejects with the error of its start. */
  static start(url: URL, input: unknown): Promise<WorkerClient> {
    const workerData: WorkerStart = { heartbeatMs: HEARTBEAT_MS, input };
    const worker = new Worker(url, { workerData });
    const waiting = new Map<number, Waiting>();
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve(new WorkerClient(worker, waiting, message.info));
        if (message.kind === 'start-failed') reject(fromWireError(message.error));
        if (message.kind === 'replies') for (const reply of message.replies) settle(waiting, reply);
      });
      worker.on('error', (error) => failAll(waiting, error, reject));
      worker.on('exit', () => failAll(waiting, new ServiceError('ACTOR_DOWN'), reject));
    });
  }

  ask<Reply = unknown>(event: unknown): Promise<Reply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as Reply), reject });
    });
    this.#outbox.push({ id, event });
    if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    return reply;
  }

  /** Ends the worker where it stands. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Asks the worker to close and waits until it has. */
  async close(): Promise<void> {
    const exited = new Promise<void>((resolve) => void this.#worker.once('exit', () => resolve()));
    this.#post({ kind: 'shutdown' });
    await exited;
  }

  #flush(): void {
    const events = this.#outbox;
    this.#outbox = [];
    this.#post({ kind: 'events', events });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}

function settle(waiting: Map<number, Waiting>, reply: WorkerReply): void {
  const asked = waiting.get(reply.id);
  waiting.delete(reply.id);
  if ('error' in reply) asked?.reject(fromWireError(reply.error));
  else asked?.resolve(reply.value);
}

function failAll(waiting: Map<number, Waiting>, error: unknown, rejectStart: (error: unknown) => void): void {
  rejectStart(error);
  for (const asked of waiting.values()) asked.reject(new ServiceError('ACTOR_DOWN', String(error)));
  waiting.clear();
}
