import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** More than one: what a finaliser lets go is collected by the next. */
const ROUNDS = 4;

/** Bytes of the heap that are in use once all garbage is collected. */
export async function usedHeapBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < ROUNDS; round += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}
