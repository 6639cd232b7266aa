import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { ServiceError } from '#src/errors.ts';
import type { FromWorker, ToWorker, WireError, WorkerReply, WorkerStart } from './worker-protocol.ts';

/** One event that reached the worker. Events that were sent, not asked, ignore both answers. */
export interface WorkerRequest<Event> {
  readonly event: Event;
  reply(value: unknown): void;
  fail(error: ServiceError): void;
}

export interface WorkerService<Event> {
  /** All events that arrived in one turn of the loop, in order. An exception ends the worker: its supervisor restarts it. */
  handle(requests: readonly WorkerRequest<Event>[]): void;
  /** Told to the handle when the worker is up. */
  readonly info?: unknown;
  close?(): void;
}

/**
 * Runs a service inside a supervised worker thread: the counterpart of `worker()`.
 * A ServiceError thrown by `start` fails the start with that error; anything else is a crash.
 */
export function serveWorker<Input, Event>(start: (input: Input) => WorkerService<Event>): void {
  const port = parentPort;
  if (port === null) throw new TypeError('serveWorker runs in a worker thread only');
  const { heartbeatMs, input } = workerData as WorkerStart;
  const service = startService(port, () => start(input as Input));
  if (service === undefined) return;
  const post = batchedReplies(port);
  const beat = setInterval(() => port.postMessage({ kind: 'beat' } satisfies FromWorker), heartbeatMs);

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'shutdown') {
      clearInterval(beat);
      service.close?.();
      port.close();
      return;
    }
    service.handle(
      message.events.map(({ id, event }) => ({
        event: event as Event,
        reply: (value) => id !== null && post({ id, value }),
        fail: (error) => id !== null && post({ id, error: toWireError(error) }),
      })),
    );
  });
  port.postMessage({ kind: 'ready', info: service.info } satisfies FromWorker);
}

function startService<Event>(port: MessagePort, start: () => WorkerService<Event>): WorkerService<Event> | undefined {
  try {
    return start();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    port.postMessage({ kind: 'start-failed', error: toWireError(error) } satisfies FromWorker);
    port.close();
    return undefined;
  }
}

function batchedReplies(port: MessagePort): (reply: WorkerReply) => void {
  let replies: WorkerReply[] = [];
  return (reply) => {
    replies.push(reply);
    if (replies.length > 1) return;
    queueMicrotask(() => {
      const batch = replies;
      replies = [];
      port.postMessage({ kind: 'replies', replies: batch } satisfies FromWorker);
    });
  };
}

export function toWireError(error: ServiceError): WireError {
  return {
    code: error.code,
    message: error.message,
    options: {
      ...(error.details === undefined ? {} : { details: error.details }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    },
  };
}
