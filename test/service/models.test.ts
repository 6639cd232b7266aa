import { describe, expect, test } from 'vitest';
import { MODELS } from '#agents/models/models.agent.ts';
import { ChatClient } from '../src/gateway/chat-client.ts';
import type { Answered } from '../src/gateway/rest-client.ts';
import { call } from '../src/gateway/rest-client.ts';
import { eventually } from '../support/eventually.ts';
import { ANSWER, ask, bodyOf, GEMINI, NOVA, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

function change(url: string, body: object): Promise<Answered> {
  return call(`${url}/admin/models`, 'PUT', body);
}

async function shown(url: string): Promise<Record<string, unknown>> {
  const { body } = await call(`${url}/admin/models`);
  return { ...body, models: (body['models'] as { id: string }[]).map(({ id }) => id) };
}

describe('the models that answer', () => {
  test('are told with their accounts, source and the other parts', async () => {
    const { url } = await startCloudService({ documents: [] });
    expect((await call(`${url}/admin/models`)).body).toEqual({
      models: [
        { id: GEMINI, accounts: ['gemini/key-1/gemini-3.8-flash'] },
        { id: NOVA, accounts: ['bedrock/us-east-1/us.amazon.nova-2-lite-v1:0'] },
      ],
      temperature: 0.3,
      source: 'settings',
      changed_at: null,
      embedding_model: 'bedrock:amazon.titan-embed-text-v2:0',
      vector_index: 'pinecone:rag-docs',
      reranker: 'bedrock:cohere.rerank-v3-5:0',
    });
  });

  test('change at run time from the next turn on; the running one keeps its own', async () => {
    const { url, emulators } = await startCloudService({ emulators: { tokenMs: 15 } });
    const client = await ChatClient.open(url);
    client.ask('running', QUESTION);
    await client.ofType('answer-delta');
    expect((await change(url, { models: [NOVA, GEMINI], temperature: 0.7 })).status).toBe(200);
    expect(await client.end('running')).toMatchObject({ answer: ANSWER, model: GEMINI });
    client.ask('next', QUESTION);
    expect(await client.end('next')).toMatchObject({ answer: ANSWER, model: NOVA, cache_hit: false });
    expect(bodyOf(requestsOf(emulators.bedrock, PATHS.converse)[0])).toMatchObject({ inferenceConfig: { temperature: 0.7 } });
    expect(await shown(url)).toMatchObject({ models: [NOVA, GEMINI], temperature: 0.7, source: 'operator', changed_at: expect.any(String) as string });
  });

  test('stay changed when their process is killed, and when the service starts again on the same data', async () => {
    const first = await startCloudService();
    await change(first.url, { models: [NOVA] });
    const before = await shown(first.url);
    first.kernel.kill(MODELS);
    await eventually(async () => expect(await shown(first.url)).toEqual(before));
    expect((await ask(first.url)).end).toMatchObject({ model: NOVA });
    await first.stop();
    const second = await startCloudService({ on: first.emulators, dataDir: first.dataDir, documents: [] });
    await eventually(async () => expect(await shown(second.url)).toEqual(before));
    expect((await ask(second.url, QUESTION, { temperature: 0.5 })).end).toMatchObject({ answer: ANSWER, model: NOVA, degraded: [] });
  });

  test('do not change to one whose key is missing or whose provider nobody knows, which is told by name', async () => {
    const { url } = await startCloudService({ env: { GEMINI_API_KEY: '', BANYAN_MODELS: NOVA } });
    const before = await shown(url);
    const keyless = await change(url, { models: [GEMINI] });
    expect([keyless.status, keyless.body.error]).toMatchObject([400, { code: 'INVALID_REQUEST', details: [{ field: 'GEMINI_API_KEY' }] }]);
    const unknown = await change(url, { models: ['nobody:model'] });
    expect([unknown.status, unknown.body.error?.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(JSON.stringify(unknown.body)).toContain('nobody:model');
    expect(await shown(url)).toEqual(before);
    expect((await ask(url)).end).toMatchObject({ model: NOVA, degraded: [] });
  });

  test.for([{}, { models: [] }, { models: ['x'] }, { temperature: 3 }, { models: GEMINI }, { model: GEMINI }, { models: [GEMINI, GEMINI] }])('do not change by %j', async (body) => {
    const { url } = await startCloudService({ documents: [] });
    const before = await shown(url);
    expect((await change(url, body)).status).toBe(400);
    expect(await shown(url)).toEqual(before);
  });

  test('chosen by an operator whose key is gone at the next start are those of the settings again, with a line in the log', async () => {
    const first = await startCloudService();
    await change(first.url, { models: [GEMINI] });
    await first.stop();
    const second = await startCloudService({ on: first.emulators, dataDir: first.dataDir, documents: [], env: { GEMINI_API_KEY: '', BANYAN_MODELS: NOVA } });
    expect(await shown(second.url)).toMatchObject({ models: [NOVA], source: 'settings' });
    expect((await ask(second.url)).end).toMatchObject({ answer: ANSWER, model: NOVA });
    await eventually(() => expect(JSON.stringify(second.log)).toContain('GEMINI_API_KEY'));
    expect(second.log).toContainEqual(expect.objectContaining({ target: 'providers', level: 'error' }));
  });
});
