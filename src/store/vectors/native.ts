import { createRequire as requireFrom } from 'node:module';
import type * as usearch from 'usearch';

export type GraphIndex = usearch.Index;

/** What is used of usearch. */
export interface Native {
  /** Rows of `matrix` nearest to `query` by cosine distance. Both must begin at the start of their buffers: usearch ignores offsets. */
  nearest(matrix: Int8Array, query: Int8Array, count: number): { readonly keys: BigUint64Array; readonly distances: Float32Array };
  graph(dimension: number): GraphIndex;
}

/** Edges of a vertex, and how many candidates adding holds. Adding with 128 takes twice as long and finds little more. */
const GRAPH = { connectivity: 32, expansion_add: 64, expansion_search: 64, multi: false } as const;
/** The other core is for the service. */
const THREADS = 1;

/** Throws where usearch has no build for this machine, such as with musl. */
export function loadNative(): Native {
  // Not by `import`: a bundle would take the package in and lose its binary.
  const { exactSearch, Index, MetricKind, ScalarKind } = requireFrom(import.meta.url)('usearch') as typeof usearch;
  return {
    nearest: (matrix, query, count) => {
      const found = exactSearch(matrix, query, query.length, count, MetricKind.Cos, THREADS);
      return { keys: found.keys, distances: found.distances };
    },
    graph: (dimension) => {
      const config: usearch.IndexConfig = { ...GRAPH, dimensions: dimension, metric: MetricKind.Cos, quantization: ScalarKind.F16 };
      return new Index(config);
    },
  };
}

/** Loads the library when it is needed first, and only tries once. */
export class LazyNative {
  readonly #isOff: boolean;
  #loaded: Native | null | undefined;

  constructor(isOff: boolean) {
    this.#isOff = isOff;
  }

  /** Null where it cannot be loaded. */
  get(): Native | null {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  get engine(): 'native' | 'javascript' | 'not loaded' {
    if (this.#isOff || this.#loaded === null) return 'javascript';
    return this.#loaded === undefined ? 'not loaded' : 'native';
  }

  #load(): Native | null {
    if (this.#isOff) return null;
    try {
      return loadNative();
    } catch {
      return null;
    }
  }
}
