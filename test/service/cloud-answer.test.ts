import { describe, expect, test } from 'vitest';
import { call } from '../src/gateway/rest-client.ts';
import { ANSWER, ask, bodyOf, GEMINI, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

describe('a question to the service on Gemini, Bedrock and Pinecone', () => {
  test('is embedded, searched, reranked and answered by Gemini, with citations, usage and model', async () => {
    const { url } = await startCloudService();
    const { end, stages, text } = await ask(url);
    expect(stages).toEqual(['embedding', 'retrieving', 'reranking', 'generating']);
    expect(end).toMatchObject({ type: 'answer-end', answer: ANSWER, finish: 'stop', degraded: [], cache_hit: false, model: GEMINI });
    expect(text).toBe(ANSWER);
    const [source] = end['sources'] as { id: string; document_id: string }[];
    expect(source?.document_id).toBe('guides/beam.md');
    expect(end['citations']).toEqual([{ source_id: source?.id, start: 0, end: ANSWER.length - 1 }]);
    const usage = end['usage'] as Record<string, number>;
    expect(usage['output_tokens']).toBeGreaterThan(10);
    expect(usage['total_tokens']).toBe((usage['input_tokens'] ?? 0) + (usage['output_tokens'] ?? 0));
  });

  test('that was asked before costs no call', async () => {
    const { url, emulators } = await startCloudService();
    await ask(url);
    const before = [emulators.gemini, emulators.bedrock, emulators.pinecone].map(({ requests }) => requests.length);
    const { end } = await ask(url);
    expect(end).toMatchObject({ answer: ANSWER, cache_hit: true, model: GEMINI });
    expect([emulators.gemini, emulators.bedrock, emulators.pinecone].map(({ requests }) => requests.length)).toEqual(before);
  });

  test('without a word is refused before any call (features A2)', async () => {
    const { url, emulators } = await startCloudService({ documents: [] });
    const { status, body } = await call(`${url}/query`, 'POST', { question: '  ' });
    expect([status, body.error?.code]).toEqual([400, 'QUESTION_EMPTY']);
    expect([emulators.gemini, emulators.bedrock].flatMap(({ requests }) => requests)).toEqual([]);
  });
});

describe('on the wire', () => {
  test('Titan gets the text, its dimension and unit length asked for (features A3)', async () => {
    const { url, emulators } = await startCloudService();
    await ask(url);
    const request = requestsOf(emulators.bedrock, PATHS.embed).at(-1);
    expect(request).toMatchObject({ method: 'POST', path: '/model/amazon.titan-embed-text-v2:0/invoke' });
    expect(bodyOf(request)).toEqual({ inputText: QUESTION, dimensions: 1024, normalize: true });
    expect(request?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /);
  });

  test('another model of Titan goes into the path (features A4)', async () => {
    const { url, emulators } = await startCloudService({
      documents: [],
      env: { BANYAN_EMBEDDING_MODEL: 'bedrock:amazon.titan-embed-text-v1', BANYAN_EMBEDDING_DIMENSION: '1024' },
    });
    const { end } = await ask(url);
    expect(requestsOf(emulators.bedrock, '/model/amazon.titan-embed-text-v1/invoke')).toHaveLength(1);
    expect(end['degraded']).toEqual(['vectors']);
  });

  test('Pinecone gets vectors with ids and metadata, and a query with topK (features A7, A8)', async () => {
    const { url, emulators } = await startCloudService();
    await ask(url);
    const upserts = requestsOf(emulators.pinecone, PATHS.upsert).map(bodyOf);
    const vectors = upserts.flatMap((body) => body['vectors'] as { id: string; values: number[]; metadata: object }[]);
    expect(vectors.map(({ values }) => values.length)).toEqual([1024, 1024, 1024]);
    expect(new Set(vectors.map(({ id }) => id)).size).toBe(3);
    const query = bodyOf(requestsOf(emulators.pinecone, PATHS.query).at(-1));
    expect(query).toMatchObject({ topK: 50, namespace: upserts[0]?.['namespace'] });
    expect((query['vector'] as number[]).length).toBe(1024);
  });

  test('Gemini gets temperature 0.3, the model in its path and the prompt (features A13, A14)', async () => {
    const { url, emulators } = await startCloudService();
    await ask(url);
    const [request] = requestsOf(emulators.gemini, PATHS.generate);
    expect(request?.path).toContain('/v1beta/models/gemini-3.8-flash:streamGenerateContent');
    const { generationConfig, contents, systemInstruction } = bodyOf(request) as Record<string, { temperature?: number; parts?: { text: string }[] }>;
    expect(generationConfig?.temperature).toBe(0.3);
    expect(JSON.stringify(systemInstruction)).toContain('Answer the question using only the provided context.');
    expect(JSON.stringify(contents)).toContain(JSON.stringify(`Question: ${QUESTION}\n\nContext:\n<source id="1" title="The BEAM">`).slice(1, -1));
  });

  test('the documents of the first article answer its questions (features A15, A16)', async () => {
    const documents = [
      { id: 'doc-0', text: 'The BEAM is the virtual machine of Erlang.' },
      { id: 'doc-1', text: 'Elixir is a functional language that runs on the BEAM.' },
      { id: 'doc-2', text: 'DSPy is a framework for programming language models.' },
      { id: 'doc-3', text: 'Phoenix serves web pages and sockets.' },
    ];
    const { url } = await startCloudService({ documents });
    const answers = await Promise.all(['What is the BEAM?', 'What is Elixir?', 'What is DSPy?'].map((question) => ask(url, question)));
    const expected = [/virtual machine|Erlang/i, /functional|BEAM|language/i, /framework|programming|language models/i];
    expect(answers.map(({ end }, at) => expected[at]?.test(end['answer'] as string))).toEqual([true, true, true]);
    expect(answers.flatMap(({ end }) => end['degraded'])).toEqual([]);
  });
});

describe('what an asker chooses', () => {
  test('model and temperature reach the wire (features C31)', async () => {
    const { url, emulators } = await startCloudService();
    const { end } = await ask(url, QUESTION, { model: 'bedrock:us.amazon.nova-2-lite-v1:0', temperature: 0.9 });
    expect(end).toMatchObject({ answer: ANSWER, model: 'bedrock:us.amazon.nova-2-lite-v1:0' });
    const [request] = requestsOf(emulators.bedrock, PATHS.converse);
    expect(bodyOf(request)).toMatchObject({ inferenceConfig: { temperature: 0.9 } });
    expect(requestsOf(emulators.gemini, PATHS.generate)).toEqual([]);
    const hotter = await ask(url, QUESTION, { temperature: 1.1 });
    expect(hotter.end['cache_hit']).toBe(false);
    expect(bodyOf(requestsOf(emulators.gemini, PATHS.generate)[0])).toMatchObject({ generationConfig: { temperature: 1.1 } });
  });

  test('a model that is not set up is refused by its name', async () => {
    const { url } = await startCloudService({ documents: [] });
    const { status, body } = await call(`${url}/query`, 'POST', { question: QUESTION, model: 'openai:gpt-4o-mini' });
    expect([status, body.error?.code]).toEqual([400, 'INVALID_REQUEST']);
    expect(body.error?.details?.[0]).toMatchObject({ field: 'model', got: expect.stringContaining('openai:gpt-4o-mini') as string });
  });

  test('rerank: false costs no reranking', async () => {
    const { url, emulators } = await startCloudService();
    const { end, stages } = await ask(url, QUESTION, { rerank: false });
    expect(stages).toEqual(['embedding', 'retrieving', 'generating']);
    expect([end['answer'], requestsOf(emulators.bedrock, PATHS.rerank)]).toEqual([ANSWER, []]);
  });
});
