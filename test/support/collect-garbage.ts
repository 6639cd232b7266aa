import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const ROUNDS = 20;

/** Collects garbage until `isDone`, for a bounded number of rounds. */
export async function collectGarbage(isDone: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < ROUNDS && !isDone(); round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
}
