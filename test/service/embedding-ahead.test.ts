import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { queryEmbeddingStatistics } from '#agents/embedder/embedder.agent.ts';
import { conversationsFile } from '#src/store/files.ts';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { eventually } from '../support/eventually.ts';
import type { CloudService } from './cloud-service.ts';
import { ask, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

/** Keeps the store from writing, as a slow disk does, until it is let go. */
function holdDisk({ dataDir }: CloudService): () => void {
  const other = new DatabaseSync(conversationsFile(dataDir));
  other.exec('begin immediate');
  const release = (): void => {
    if (other.isOpen) other.close();
  };
  onTestFinished(release);
  return release;
}

describe('the embedding of a question', () => {
  test('runs while the acceptance is being written, and is sent once', async () => {
    const service = await startCloudService();
    const { emulators, url, kernel } = service;
    const before = requestsOf(emulators.bedrock, PATHS.embed).length;
    const client = await ChatClient.open(url);
    await client.session();
    const release = holdDisk(service);
    client.ask('q', QUESTION);
    await eventually(() => expect(requestsOf(emulators.bedrock, PATHS.embed).at(before)?.closedAtMs).toBeDefined());
    expect(client.frames.map(({ type }) => type)).toEqual(['ready']);
    release();
    expect(await client.end('q')).toMatchObject({ finish: 'stop', degraded: [] });
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toHaveLength(before + 1);
    expect(queryEmbeddingStatistics(kernel)).toMatchObject({ misses: 1 });
  });

  test('that still runs when the question is opened is joined', async () => {
    const { url, kernel } = await startCloudService({ emulators: { delayMs: 50 } });
    expect((await ask(url)).end).toMatchObject({ finish: 'stop', degraded: [] });
    expect(queryEmbeddingStatistics(kernel)).toMatchObject({ misses: 1, shared: 1, hits: 0 });
  });

  test('is given up where the question cannot be accepted', async () => {
    const service = await startCloudService();
    const { emulators, url } = service;
    const client = await ChatClient.open(url);
    await client.session();
    emulators.bedrock.script({ path: PATHS.embed, hang: 'connect' });
    holdDisk(service);
    client.ask('q', QUESTION);
    expect(await client.ofType('error')).toMatchObject({ id: 'q', error: { code: 'STORE_UNAVAILABLE' } });
    await eventually(() => expect(requestsOf(emulators.bedrock, PATHS.embed).at(-1)?.closedEarly).toBe(true));
    expect(emulators.bedrock.openRequests).toBe(0);
  });

  test('is not begun for a question whose answer is known', async () => {
    const { url, kernel } = await startCloudService();
    await ask(url);
    const { hits, shared, misses } = queryEmbeddingStatistics(kernel) ?? {};
    expect((await ask(url)).end).toMatchObject({ cache_hit: true });
    expect(queryEmbeddingStatistics(kernel)).toMatchObject({ hits, shared, misses });
  });
});
