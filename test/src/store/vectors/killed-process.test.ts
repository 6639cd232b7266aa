import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import { documentVectors, VectorsClient } from '../../../support/vector-examples.ts';

const VECTORS_PROCESS = new URL('../../../support/vectors-process.ts', import.meta.url);

/** Returns the last document that was confirmed before the kill. */
async function writeAndKill(directory: string, after: number): Promise<number> {
  const child = spawn(process.execPath, [VECTORS_PROCESS.pathname, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let confirmed = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    confirmed = Number(line);
    if (confirmed >= after) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return confirmed;
}

test.each([1, 7, 20])('after SIGKILL at document %i nothing confirmed is lost, nothing deleted is found, no document is half there', async (after) => {
  const directory = temporaryDirectory();
  const confirmed = await writeAndKill(directory, after);
  const client = await VectorsClient.start({ directory });
  const { values, dimension } = documentVectors(confirmed);
  const hits = await client.query(values.slice(0, dimension), { topK: 1000 });
  const found = Map.groupBy(hits, ({ id }) => Number(/^d(\d+)#/.exec(id)?.[1]));
  for (const [document, chunks] of found) {
    // Unconfirmed: the next document may be there, and the confirmed one may be deleted for it.
    expect(document).toBeGreaterThanOrEqual(confirmed);
    expect(document).toBeLessThanOrEqual(confirmed + 2);
    expect(chunks.length).toBe(20);
  }
  expect(found.size).toBeGreaterThan(0);
});
