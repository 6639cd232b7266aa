/** What a generated set is like; `name` goes beside the figures. */
export interface ClusteredGaussian {
  readonly name: string;
  /** `count` unit vectors one after the other; the next call goes on with other ones. */
  vectors(count: number): Float32Array;
}

const CLUSTERS = 200;
const LATENT = 24;
const SPREAD = 2;

/**
 * Gaussian clusters in a latent space of 24 dimensions, projected at random to `dimension` of them, with Gaussian noise
 * on each: near and far exist, as in embeddings. Uniform random vectors of 1024 dimensions are all about as far from
 * each other, so that recall on them says nothing.
 */
export function clusteredGaussian(dimension: number, seed: number): ClusteredGaussian {
  const gauss = gaussian(seed);
  const projection = Float32Array.from({ length: LATENT * dimension }, gauss);
  const centres = Float32Array.from({ length: CLUSTERS * LATENT }, () => SPREAD * gauss());
  let next = 0;
  const fill = (target: Float32Array): void => {
    // A fixed stride visits all clusters alike and in no order.
    const cluster = (next * 97) % CLUSTERS;
    next += 1;
    for (let at = 0; at < dimension; at += 1) target[at] = gauss();
    for (let latent = 0; latent < LATENT; latent += 1) {
      const weight = (centres[cluster * LATENT + latent] ?? 0) + gauss();
      const offset = latent * dimension;
      for (let at = 0; at < dimension; at += 1) target[at] = (target[at] ?? 0) + weight * (projection[offset + at] ?? 0);
    }
    normalise(target);
  };
  return {
    name: `clustered Gaussian: ${CLUSTERS} clusters in ${LATENT} latent dimensions, projected to ${dimension}, noise 1, unit length, seed ${seed}`,
    vectors: (count) => {
      const all = new Float32Array(count * dimension);
      for (let row = 0; row < count; row += 1) fill(all.subarray(row * dimension, (row + 1) * dimension));
      return all;
    },
  };
}

function normalise(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = 1 / Math.sqrt(squares);
  for (let at = 0; at < vector.length; at += 1) vector[at] = (vector[at] ?? 0) * scale;
}

/** Box and Muller's method over mulberry32. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  let spare: number | undefined;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
