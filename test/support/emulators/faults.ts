import { createRandom } from '#src/cli/chaos/random.ts';
import type { Script } from './script.ts';

/** A script whose places in the body are shares of it, 0 to 1, because the honest answer is not known yet. */
export interface Fault extends Script {
  readonly cutAtShare?: number;
  readonly endAtShare?: number;
}

const HANGS = ['connect', 'headers', 'body'] as const;

/** Every way to fail, blocks excepted. Each draws what it needs from `random`. */
const FAULTS: readonly ((random: () => number) => Fault)[] = [
  () => ({ error: 'internal' }),
  () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: '<html><body><h1>500 Internal Server Error</h1></body></html>' }),
  () => ({ error: 'unavailable' }),
  (random) => ({ error: 'throttled', delayMs: Math.floor(random() * 50) }),
  (random) => ({ cutAtShare: random() }),
  (random) => ({ endAtShare: random() }),
  () => ({ garbage: true }),
  (random) => ({ hang: HANGS[Math.floor(random() * HANGS.length)] ?? 'connect' }),
  (random) => ({ chunkBytes: 16 + Math.floor(random() * 48), gapMs: 20 }),
];

/** Gives the next request a fault or undefined: a share of `faultShare`, the same sequence for the same `seed`. */
export function createFaults(options: { readonly faultShare?: number; readonly seed?: number }): () => Fault | undefined {
  const { faultShare = 0, seed = 1 } = options;
  if (!(faultShare >= 0 && faultShare <= 1)) throw new TypeError(`expected faultShare to be from 0 to 1, got: ${faultShare}`);
  const random = createRandom(seed);
  return () => {
    if (faultShare === 0 || random() >= faultShare) return undefined;
    return FAULTS[Math.floor(random() * FAULTS.length)]?.(random);
  };
}
