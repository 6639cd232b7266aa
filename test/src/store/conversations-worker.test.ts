import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newTurn } from '../../support/store-examples.ts';
import { temporaryDirectory } from '../../support/store-directory.ts';
import { countCommits } from '../../support/write-ahead-log.ts';
import { WorkerClient } from '../../support/worker-client.ts';

const CONVERSATIONS_WORKER = new URL('../../../src/store/conversations.worker.ts', import.meta.url);

test('what piles up behind a commit in many messages shares the next one', async () => {
  const directory = temporaryDirectory();
  const client = await WorkerClient.start(CONVERSATIONS_WORKER, { directory });
  onTestFinished(() => client.kill());
  const path = join(directory, 'conversations.db');
  const before = countCommits(path);
  const accepted: Promise<unknown>[] = [];
  for (let at = 0; at < 200; at += 1) {
    accepted.push(client.ask({ type: 'accept-turn', tenant: 'default', turn: newTurn(`t${at}`) }));
    // A microtask ends the batch: every event is a message of its own.
    await Promise.resolve();
  }
  await Promise.all(accepted);
  expect(countCommits(path) - before).toBeLessThan(20);
});

test('an event that it does not know ends the worker, and what else was asked fails with it', async () => {
  const client = await WorkerClient.start(CONVERSATIONS_WORKER, { directory: temporaryDirectory() });
  const turn = client.ask({ type: 'accept-turn', tenant: 'default', turn: newTurn('t1') });
  const unknown = client.ask({ type: 'dance', tenant: 'default' });
  await expect(turn).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
  await expect(unknown).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
});

test('a worker that is asked to close leaves one file with everything in it', async () => {
  const directory = temporaryDirectory();
  const client = await WorkerClient.start(CONVERSATIONS_WORKER, { directory });
  await client.ask({ type: 'accept-turn', tenant: 'default', turn: newTurn('t1', { question: 'Is it kept?' }) });
  await client.close();
  expect(() => readFileSync(join(directory, 'conversations.db-wal'))).toThrow(/ENOENT/);
  expect(readFileSync(join(directory, 'conversations.db')).includes('Is it kept?')).toBe(true);
});
