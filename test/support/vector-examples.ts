import { onTestFinished } from 'vitest';
import type { Metadata } from '#src/ports/answer.ts';
import type { DeleteReply, SpaceKey, SpaceStatus, VectorHit, VectorsStatus, VectorsWorkerInput } from '#src/store/vectors/events.ts';
import { WorkerClient } from './worker-client.ts';

const VECTORS_WORKER = new URL('../../src/store/vectors.worker.ts', import.meta.url);

export const VECTOR_SPACE: SpaceKey = { tenant: 'default', collection: 'default', model: 'example:model' };

export interface ExampleVector {
  readonly id: string;
  readonly values: Float32Array;
  readonly metadata?: Metadata;
}

/** Uniform in [0, 1), the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Gaussian clusters of unit vectors, as embeddings have them and uniform noise has not. */
export function clusteredVectors(count: number, dimension: number, seed = 1): Float32Array[] {
  const random = seededRandom(seed);
  const gauss = (): number => random() + random() + random() + random() - 2;
  const centres = Array.from({ length: 100 }, () => Float32Array.from({ length: dimension }, gauss));
  return Array.from({ length: count }, () => {
    const centre = centres[Math.floor(random() * centres.length)] ?? new Float32Array(dimension);
    return unit(centre.map((value) => value + gauss()));
  });
}

export function unit(values: Iterable<number>): Float32Array {
  const vector = Float32Array.from(values);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** The vectors worker without a supervisor. */
export class VectorsClient {
  readonly worker: WorkerClient;

  constructor(worker: WorkerClient) {
    this.worker = worker;
  }

  static async start(input: VectorsWorkerInput): Promise<VectorsClient> {
    const worker = await WorkerClient.start(VECTORS_WORKER, input);
    onTestFinished(() => worker.kill());
    return new VectorsClient(worker);
  }

  async upsert(vectors: readonly ExampleVector[], space = VECTOR_SPACE, batch = 500): Promise<void> {
    for (let start = 0; start < vectors.length; start += batch) {
      const part = vectors.slice(start, start + batch);
      const dimension = part[0]?.values.length ?? 0;
      const values = new Float32Array(part.length * dimension);
      for (const [index, vector] of part.entries()) values.set(vector.values, index * dimension);
      const records = part.map(({ id, metadata = {} }) => ({ id, metadata }));
      await this.worker.ask({ type: 'upsert-vectors', space, records, dimension, values });
    }
  }

  query(vector: Float32Array, { topK = 10, filter = null, space = VECTOR_SPACE }: { topK?: number; filter?: Metadata | null; space?: SpaceKey } = {}): Promise<VectorHit[]> {
    return this.worker.ask({ type: 'query-vectors', space, vector, topK, filter });
  }

  remove(prefix: string, space = VECTOR_SPACE): Promise<DeleteReply> {
    return this.worker.ask({ type: 'delete-vectors', space, prefix });
  }

  count(space = VECTOR_SPACE): Promise<number> {
    return this.worker.ask({ type: 'count-vectors', space });
  }

  status(): Promise<VectorsStatus> {
    return this.worker.ask({ type: 'vectors-status' });
  }

  /** Resolves with the first space once it is in that state. */
  async until(state: SpaceStatus['state']): Promise<SpaceStatus> {
    for (;;) {
      const { spaces } = await this.status();
      const [space] = spaces;
      if (space?.problem !== undefined) throw new Error(space.problem);
      if (space?.state === state) return space;
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
  }
}

export function idsOf(hits: readonly VectorHit[]): string[] {
  return hits.map(({ id }) => id);
}

const CHUNKS = 20;

/** The write of a document of 20 chunks, always the same for the same number. */
export function documentVectors(document: number): { records: { id: string; metadata: Metadata }[]; values: Float32Array; dimension: number } {
  const dimension = 32;
  const values = new Float32Array(CHUNKS * dimension);
  for (const [index, vector] of clusteredVectors(CHUNKS, dimension, document + 1).entries()) values.set(vector, index * dimension);
  const records = Array.from({ length: CHUNKS }, (_, index) => ({ id: `d${document}#${index}`, metadata: { document } }));
  return { records, values, dimension };
}
