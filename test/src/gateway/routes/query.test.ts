import { describe, expect, test } from 'vitest';
import { checker } from '#src/gateway/validation.ts';
import { QueryReply } from '#src/gateway/schemas/answers.ts';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { RawSocket } from '../raw-socket.ts';
import { call, GUIDE, index, QUESTION } from '../rest-client.ts';

const REFUSED: readonly (readonly [what: string, body: unknown, status: number, code: string])[] = [  ['an empty question', { question: '' }, 400, 'QUESTION_EMPTY'],
  ['a blank question', { question: ' \n\t ' }, 400, 'QUESTION_EMPTY'],
  ['a question of 100 KB', { question: 'why '.repeat(25_600) }, 413, 'QUESTION_TOO_LONG'],
  ['no question', {}, 400, 'INVALID_REQUEST'],
  ['an unknown field', { question: 'x', topk: 5 }, 400, 'INVALID_REQUEST'],
  ['top_k 0', { question: 'x', top_k: 0 }, 400, 'INVALID_REQUEST'],
  ['top_k 51', { question: 'x', top_k: 51 }, 400, 'INVALID_REQUEST'],
  ['top_k 1e9', { question: 'x', top_k: 1e9 }, 400, 'INVALID_REQUEST'],
  ['top_k "5"', { question: 'x', top_k: '5' }, 400, 'INVALID_REQUEST'],
  ['an unknown model', { question: 'x', model: 'none:such' }, 400, 'INVALID_REQUEST'],
  ['an unknown session', { question: 'x', session: 'no-such-session' }, 404, 'SESSION_NOT_FOUND'],
  ['a body that is a list', [1], 400, 'INVALID_REQUEST'],
  ['a number as the question', { question: 7 }, 400, 'INVALID_REQUEST'],
  ['broken JSON', '{"question": ', 400, 'INVALID_JSON'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 400, 'INVALID_JSON'],
  ['a name that reaches into prototypes', '{"question":"x","__proto__":{"top_k":1}}', 400, 'INVALID_JSON'],
  ['JSON of 10 000 levels', `{"question":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400, 'INVALID_REQUEST'],
  ['JSON of 10 000 levels in a free field', `{"question":"x","filter":{"a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}}`, 400, 'INVALID_REQUEST'],
];

describe('POST /query', () => {
  test('a question is answered with sources and citations, in the shape that is documented', async () => {
    const { url } = await startApplication();
    await index(url);
    const { status, body } = await call(`${url}/query`, 'POST', { question: QUESTION });
    expect(status).toBe(200);
    expect(checker(QueryReply, 'INTERNAL')(body)).toMatchObject({ finish: 'stop', cache_hit: false, degraded: [] });
    expect(body['answer']).toMatch(/watches its children/);
    expect(body['sources']).toMatchObject([{ document_id: GUIDE.id }]);
    expect(body['citations']).not.toEqual([]);
  });

  test('`query` is another name of `question`, and both together are refused', async () => {
    const { url } = await startApplication();
    await index(url);
    expect((await call(`${url}/query`, 'POST', { query: QUESTION, top_k: 1 })).body['answer']).toMatch(/supervisor/);
    expect((await call(`${url}/query`, 'POST', { query: 'a', question: 'b' })).body.error?.details?.[0]?.field).toBe('query');
  });

  test('the second answer comes from the cache, as a turn of its own that the store keeps', async () => {
    const { url } = await startApplication();
    await index(url);
    const first = (await call(`${url}/query`, 'POST', { question: QUESTION })).body;
    const second = (await call(`${url}/query`, 'POST', { question: QUESTION })).body;
    expect(second).toMatchObject({ cache_hit: true, answer: first['answer'], sources: first['sources'] });
    expect(second['turn']).not.toBe(first['turn']);
    await eventually(async () => {
      const { body } = await call(`${url}/sessions/${String(second['session'])}`);
      expect(body['turns']).toMatchObject([{ id: second['turn'], state: 'answered' }]);
    });
    expect((await call(`${url}/stats`)).body).toMatchObject({ queries: 2, hits: 1, misses: 1, errors: 0, hit_rate: 50 });
  });

  test('an answer from the cache is whole in any script', async () => {
    const { url } = await startApplication();
    const text = '# Übersicht\n\nDer Wächter — 監督 — startet einen toten Prozess neu 🌳.';
    await call(`${url}/index`, 'POST', { documents: [{ id: 'wächter.md', text }], wait: true });
    const ask = (): ReturnType<typeof call> => call(`${url}/query`, 'POST', { question: 'Was startet der Wächter neu?', language: 'de' });
    const first = (await ask()).body;
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(checker(QueryReply, 'INTERNAL')(body)).toMatchObject({ cache_hit: true, answer: first['answer'], sources: first['sources'] });
    expect(body['answer']).toContain('— 監督 —');
  });

  test('questions with a session become its turns', async () => {
    const { url } = await startApplication();
    await index(url);
    const session = (await call(`${url}/query`, 'POST', { question: QUESTION })).body['session'];
    await call(`${url}/query`, 'POST', { question: 'What does Banyan restart?', session });
    const { body } = await call(`${url}/sessions/${String(session)}`);
    expect(body['turns']).toMatchObject([{ question: QUESTION }, { question: 'What does Banyan restart?' }]);
  });

  test('the question after the last one allowed is refused with the time to wait', async () => {
    const { url } = await startApplication({ env: { BANYAN_RATE_LIMIT: '2' } });
    await index(url);
    for (const _ of [1, 2]) expect((await call(`${url}/query`, 'POST', { question: QUESTION })).status).toBe(200);
    const { status, body, headers } = await call(`${url}/query`, 'POST', { question: QUESTION });
    expect(status).toBe(429);
    expect(body.error).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(body.error?.retry_after_ms).toBeGreaterThan(50_000);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
  });

  test('a client that hangs up takes its question with it', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const gone = new AbortController();
    const asked = fetch(`${url}/query`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ question: QUESTION }), signal: gone.signal });
    const stream = await model.nth(0);
    expect(stream.signal.aborted).toBe(false);
    gone.abort();
    await expect(asked).rejects.toThrow('aborted');
    await eventually(() => expect(stream.signal.aborted).toBe(true));
  });

  test('a client that hangs up before its question is accepted takes it with it as well', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const client = await RawSocket.open(url);
    client.request('POST', '/query', { body: { question: QUESTION } });
    client.socket.end();
    await eventually(async () => {
      const [session] = (await call(`${url}/sessions`)).body['sessions'] as { id: string }[];
      expect((await call(`${url}/sessions/${session?.id}`)).body['turns']).toMatchObject([{ end: { finish: 'cancelled' } }]);
    });
    expect(model.streams.every(({ signal }) => signal.aborted)).toBe(true);
  });

  test('the longest times that can be set are no shorter than others', async () => {
    const { url } = await startApplication({ env: { BANYAN_TURN_TIMEOUT_MS: '3600000', BANYAN_SESSION_QUEUE_LENGTH: '1000' } });
    await index(url);
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).status).toBe(200);
  });

  test('bad questions are refused by their codes, and the service answers on', async () => {
    const { url } = await startApplication();
    for (const [what, body, status, code] of REFUSED) {
      const refused = await call(`${url}/query`, 'POST', body);
      expect([what, refused.status, refused.body.error?.code]).toEqual([what, status, code]);
      expect(refused.headers.get('x-request-id')).toMatch(/^\S+-\d+$/);
    }
    expect((await call(`${url}/livez`)).status).toBe(200);
    expect((await call(`${url}/stats`)).body['queries']).toBe(0);
  });

  test('operators and quotes of the search engine are words like any others', async () => {
    const { url } = await startApplication();
    await index(url);
    for (const question of ['"supervisor" OR (NEAR', 'supervisor* AND NOT -children:"', "'; DROP TABLE chunks; --", '???', '🦆']) {
      const { status, body } = await call(`${url}/query`, 'POST', { question });
      expect([status, ['stop', 'refused'].includes(String(body['finish']))]).toEqual([200, true]);
    }
  });

  test('a body in another media type is refused', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/query`, 'POST', 'question=x', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([status, body.error?.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('a question from a foreign page is refused', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/query`, 'POST', { question: QUESTION }, { origin: 'https://evil.example' });
    expect([status, body.error?.code]).toEqual([403, 'ORIGIN_REFUSED']);
  });
});
