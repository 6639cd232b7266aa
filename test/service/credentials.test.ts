import { describe, expect, test } from 'vitest';
import { call } from '../src/gateway/rest-client.ts';
import { eventually } from '../support/eventually.ts';
import { ANSWER, ask, DOCUMENTS, GEMINI, NOVA, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

describe('credentials', () => {
  test('that Pinecone refuses leave the search to the words, and the log names the account and no key', async () => {
    const { url, log } = await startCloudService({ env: { PINECONE_API_KEY: 'a-wrong-pinecone-key' }, documents: [] });
    await call(`${url}/index`, 'POST', { documents: DOCUMENTS, wait: false });
    await eventually(async () => expect((await ask(url)).end).toMatchObject({ answer: ANSWER, degraded: ['vectors'] }));
    expect(log).toContainEqual(expect.objectContaining({ target: 'providers', outcome: 'auth', account: 'pinecone/rag-docs' }));
    expect(JSON.stringify(log)).not.toContain('a-wrong-pinecone-key');
  });

  test('that Gemini refuses lead to the next model, from the next key on where there is one', async () => {
    const { url, emulators, log } = await startCloudService({ env: { GEMINI_API_KEY: 'a-wrong-gemini-key' } });
    expect((await ask(url)).end).toMatchObject({ answer: ANSWER, model: NOVA });
    expect(JSON.stringify(log)).not.toContain('a-wrong-gemini-key');
    expect(log).toContainEqual(expect.objectContaining({ account: 'gemini/key-1/gemini-3.8-flash', outcome: 'auth' }));
    const second = await startCloudService({ env: { GEMINI_API_KEY: `a-wrong-gemini-key,${emulators.environment['GEMINI_API_KEY']}` } });
    expect((await ask(second.url)).end).toMatchObject({ answer: ANSWER, model: GEMINI, degraded: [] });
  });

  test('that expire in mid-run lead to the words and the next model, and are not tried again and again', async () => {
    const { url, emulators, log } = await startCloudService({ env: { BANYAN_MODELS: `${NOVA},${GEMINI}` } });
    expect((await ask(url)).end['model']).toBe(NOVA);
    emulators.bedrock.script({ error: 'expired', times: 100 });
    expect((await ask(url, `${QUESTION} Which?`)).end).toMatchObject({ degraded: ['vectors', 'reranker'], model: GEMINI });
    expect(log.map(({ outcome }) => outcome)).toContain('auth');
    expect(requestsOf(emulators.bedrock, PATHS.embed)).toHaveLength(DOCUMENTS.length + 2);
  });
});

describe('a Pinecone index of another dimension', () => {
  test('leaves the search to the words, and the log and health name both dimensions', async () => {
    const { url, log } = await startCloudService({ env: { BANYAN_EMBEDDING_DIMENSION: '512' }, documents: [] });
    await call(`${url}/index`, 'POST', { documents: DOCUMENTS, wait: false });
    await eventually(async () => expect((await ask(url)).end).toMatchObject({ answer: ANSWER, degraded: ['vectors'] }));
    const health = JSON.stringify((await call(`${url}/health`)).body);
    expect([JSON.stringify(log), health].join('\n')).toMatch(/1024[\s\S]*512|512[\s\S]*1024/);
  });
});
