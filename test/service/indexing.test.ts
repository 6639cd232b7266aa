import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from '../src/gateway/rest-client.ts';
import { startPinecone } from '../support/emulators/pinecone/pinecone.ts';
import { startEmulators } from '../support/emulators/start-emulators.ts';
import { eventually } from '../support/eventually.ts';
import type { CloudService } from './cloud-service.ts';
import { ANSWER, ask, bodyOf, DOCUMENTS, PATHS, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

const LIBRARY = Array.from({ length: 40 }, (_, n) => ({ id: `library/${n}.md`, text: `# Shelf ${n}\n\nThe shelf number ${n} holds the books whose name begins with the sign ${n * 7}.` }));

function vectorsOf({ emulators }: CloudService): number {
  return [...emulators.pinecone.namespaces.values()].reduce((sum, records) => sum + records.size, 0);
}

async function indexing(url: string, documents: readonly object[], wait = true): Promise<Record<string, unknown>> {
  const { body } = await call(`${url}/index`, 'POST', { documents, wait });
  return body;
}

describe('documents that come in', () => {
  test('are embedded once each and all reach Pinecone before the job has ended', async () => {
    const service = await startCloudService({ documents: LIBRARY });
    expect(vectorsOf(service)).toBe(LIBRARY.length);
    const texts = requestsOf(service.emulators.bedrock, PATHS.embed).map((request) => bodyOf(request)['inputText']);
    expect([texts.length, new Set(texts).size]).toEqual([LIBRARY.length, LIBRARY.length]);
  });

  test('are not lost by calls that fail: what failed is tried again, what went through is not', async () => {
    const service = await startCloudService({ documents: [] });
    const { emulators, url } = service;
    emulators.bedrock.script({ path: PATHS.embed, error: 'throttled', times: 2 });
    emulators.bedrock.script({ path: PATHS.embed, error: 'internal', times: 2 });
    emulators.pinecone.script({ path: PATHS.upsert, error: 'unavailable' });
    const job = await indexing(url, LIBRARY.slice(0, 8));
    expect(job).toMatchObject({ state: 'succeeded', failures: [] });
    expect(vectorsOf(service)).toBe(8);
  });

  test('of which one is refused by the model come in without its vector, which is told, and it is found by its words', async () => {
    const service = await startCloudService({ documents: [] });
    const { emulators, url, log } = service;
    emulators.bedrock.script({ path: PATHS.embed, error: 'bad_request' });
    const job = await indexing(url, DOCUMENTS);
    expect(vectorsOf(service)).toBe(2);
    expect(JSON.stringify(job)).toContain('EMBEDDING_FAILED');
    expect(log).toContainEqual(expect.objectContaining({ target: 'providers', message: 'A document has no vectors' }));
    expect((await ask(url)).end).toMatchObject({ answer: ANSWER });
  });

  test('twice in one request are refused', async () => {
    const { url, emulators } = await startCloudService({ documents: [] });
    const { status, body } = await call(`${url}/index`, 'POST', { documents: [DOCUMENTS[0], DOCUMENTS[0]], wait: true });
    expect([status, body.error?.code]).toEqual([400, 'DOCUMENT_DUPLICATE']);
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toEqual([]);
  });

  test('again with another text replace their vectors; deleted ones take theirs along', async () => {
    const service = await startCloudService();
    const { url } = service;
    await indexing(url, [{ id: 'guides/beam.md', text: '# The BEAM\n\nThe BEAM is another thing now.' }]);
    await eventually(() => expect(vectorsOf(service)).toBe(DOCUMENTS.length));
    const { end } = await ask(url, 'What is the BEAM now?');
    expect(end['answer']).toBe('The BEAM is another thing now.');
    expect((await call(`${url}/documents/${encodeURIComponent('guides/beam.md')}`, 'DELETE')).status).toBe(200);
    await indexing(url, [{ id: 'guides/other.md', text: 'Something else.' }]);
    await eventually(() => expect(vectorsOf(service)).toBe(DOCUMENTS.length));
    expect(JSON.stringify((await ask(url, 'What is the BEAM now?')).end['sources'])).not.toContain('another thing');
  });
});

describe('Pinecone that shows its writes late', () => {
  test('lets a question be answered by words meanwhile, and answers nothing that was deleted', async () => {
    const emulators = await startEmulators();
    onTestFinished(() => emulators.close());
    const pinecone = await startPinecone({ visibilityDelayMs: 600_000 });
    onTestFinished(() => pinecone.close());
    const env = { PINECONE_INDEX_HOST: pinecone.url, PINECONE_CONTROLLER_HOST: pinecone.url };
    const { url } = await startCloudService({ on: emulators, env });
    const { end } = await ask(url);
    expect(end).toMatchObject({ answer: ANSWER, degraded: [] });
    pinecone.settle();
    await call(`${url}/documents/${encodeURIComponent('guides/beam.md')}`, 'DELETE');
    const after = await ask(url);
    expect(after.end['cache_hit']).toBe(false);
    expect(JSON.stringify(after.end['sources'])).not.toContain('guides/beam.md');
  });
});

test('an answer that was found while vectors were missing is not kept beyond their coming', async () => {
  const { url, emulators } = await startCloudService({ documents: [] });
  emulators.pinecone.script({ path: PATHS.upsert, delayMs: 700 });
  const { body } = await call(`${url}/index`, 'POST', { documents: DOCUMENTS, wait: false });
  const early = await eventually(async () => {
    const { end } = await ask(url);
    expect(end['answer']).toBe(ANSWER);
    return end;
  });
  expect(early['degraded']).toEqual([]);
  await eventually(async () => expect((await call(`${url}/jobs/${String(body['job'])}`)).body['state']).toBe('succeeded'));
  expect((await ask(url)).end['cache_hit']).toBe(false);
});
