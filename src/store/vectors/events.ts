import type { Metadata } from '#src/ports/answer.ts';

/** The name that the worker is registered under. */
export const VECTORS_ACTOR = 'vectors';

/** A collection's vectors of one embedding model: never mixed with those of another. */
export interface SpaceKey {
  readonly tenant: string;
  readonly collection: string;
  readonly model: string;
}

/** What the vectors worker understands. Refusals are `INVALID_REQUEST`. */
export type VectorsWrite =
  /** Replaces what has the same id. `values` holds the vectors of `records` one after the other. */
  | {
      readonly type: 'upsert-vectors';
      readonly space: SpaceKey;
      readonly records: readonly VectorLabel[];
      readonly dimension: number;
      readonly values: Float32Array;
    }
  /** Removes a bounded number of them: to be asked until the reply, `DeleteReply`, says that it is done. */
  | { readonly type: 'delete-vectors'; readonly space: SpaceKey; readonly prefix: string };

export type VectorsRead =
  /** Replies `VectorHit[]`, best first. */
  | {
      readonly type: 'query-vectors';
      readonly space: SpaceKey;
      readonly vector: Float32Array;
      readonly topK: number;
      readonly filter: Metadata | null;
    }
  /** Replies a number. */
  | { readonly type: 'count-vectors'; readonly space: SpaceKey }
  /** Replies the dimension of what is stored of this model, or null. */
  | { readonly type: 'vector-dimension'; readonly model: string }
  /** Replies `VectorsStatus`. */
  | { readonly type: 'vectors-status' };

export type VectorsEvent = VectorsWrite | VectorsRead;

export interface VectorLabel {
  readonly id: string;
  readonly metadata: Metadata;
}

export interface VectorHit {
  readonly id: string;
  /** Cosine similarity to the stored half precision. */
  readonly score: number;
}

export interface DeleteReply {
  readonly removed: number;
  readonly isDone: boolean;
}

/**
 * How a space is searched. `loading`: its vectors are being read, queries wait. `exact`: every vector is compared.
 * `building`: the same, or by the graph of before, while a graph is made. `ready`: by the graph.
 */
export type SpaceState = 'loading' | 'exact' | 'building' | 'ready';

export interface SpaceStatus extends SpaceKey {
  readonly dimension: number;
  readonly vectors: number;
  readonly state: SpaceState;
  /** How far `loading` or `building` is, in vectors. */
  readonly done?: number;
  readonly total?: number;
  /** Why the last graph could not be made; the search goes on without. */
  readonly problem?: string;
}

export interface VectorsStatus {
  /** `javascript`: the native library has no build for this machine, so there are no graphs and scans are slower. */
  readonly engine: 'native' | 'javascript' | 'not loaded';
  readonly spaces: readonly SpaceStatus[];
}

/** What the vectors worker is started with. */
export interface VectorsWorkerInput {
  readonly directory: string;
  /** A space with at least as many vectors gets a graph. @defaultValue 20000 */
  readonly graphFrom?: number;
  /** Never load the native library. */
  readonly isNativeOff?: boolean;
}
