import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
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

describe('the search for evidence', () => {
  test('runs while the acceptance is being written, and is sent once', async () => {
    const service = await startCloudService();
    const { emulators, url } = service;
    const [before, searches] = [requestsOf(emulators.bedrock, PATHS.embed).length, requestsOf(emulators.pinecone, PATHS.query).length];
    const client = await ChatClient.open(url);
    await client.session();
    const release = holdDisk(service);
    client.ask('q', QUESTION);
    await eventually(() => expect(requestsOf(emulators.pinecone, PATHS.query).at(searches)?.closedAtMs).toBeDefined());
    expect(client.frames.map(({ type }) => type)).toEqual(['ready']);
    release();
    expect(await client.end('q')).toMatchObject({ finish: 'stop', degraded: [] });
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toHaveLength(before + 1);
    expect(requestsOf(emulators.pinecone, PATHS.query)).toHaveLength(searches + 1);
  });

  test('that still runs when the question is opened is taken over', async () => {
    const { url, emulators } = await startCloudService({ emulators: { delayMs: 50 } });
    const before = requestsOf(emulators.bedrock, PATHS.embed).length;
    expect((await ask(url)).end).toMatchObject({ finish: 'stop', degraded: [] });
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toHaveLength(before + 1);
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

  test('is not begun for a question that is being searched for', async () => {
    const { url, emulators } = await startCloudService();
    const before = requestsOf(emulators.pinecone, PATHS.query).length;
    emulators.pinecone.script({ path: PATHS.query, delayMs: 500 });
    const first = ask(url);
    await eventually(() => expect(requestsOf(emulators.pinecone, PATHS.query)).toHaveLength(before + 1));
    const second = await ask(url);
    expect([(await first).end['answer'], requestsOf(emulators.pinecone, PATHS.query).length]).toEqual([second.end['answer'], before + 1]);
  });

  test('is not begun for a question whose answer is known', async () => {
    const { url, emulators } = await startCloudService({ env: { BANYAN_EMBEDDING_CACHE_ENTRIES: '0' } });
    await ask(url);
    const before = requestsOf(emulators.bedrock, PATHS.embed).length;
    expect((await ask(url)).end).toMatchObject({ cache_hit: true });
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toHaveLength(before);
  });
});
