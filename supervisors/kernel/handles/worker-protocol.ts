import type { ErrorCode, ServiceErrorOptions } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';

/** Messages between a supervised worker thread and its handle. Both directions carry batches: one post per turn of the loop. */
export type ToWorker =
  | { readonly kind: 'events'; readonly events: readonly WorkerEvent[] }
  | { readonly kind: 'shutdown' };

/** `id` is null when nobody waits for a reply. */
export interface WorkerEvent {
  readonly id: number | null;
  readonly event: unknown;
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly info: unknown }
  | { readonly kind: 'start-failed'; readonly error: WireError }
  | { readonly kind: 'beat' }
  | { readonly kind: 'replies'; readonly replies: readonly WorkerReply[] };

export type WorkerReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: WireError };

/** A ServiceError without its class, which does not survive structured cloning. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly options: Omit<ServiceErrorOptions, 'cause'>;
}

/** What the handle gives the worker as `workerData`. */
export interface WorkerStart {
  readonly heartbeatMs: number;
  readonly input: unknown;
}

export function fromWireError(error: WireError): ServiceError {
  return new ServiceError(error.code, error.message, error.options);
}
