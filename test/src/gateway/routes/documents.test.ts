import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { call, GUIDE, index, QUESTION } from '../rest-client.ts';

describe('documents and jobs', () => {
  test('indexing is a job: accepted at once, or waited for', async () => {
    const { url } = await startApplication();
    const accepted = await call(`${url}/index`, 'POST', { documents: [GUIDE] });
    expect([accepted.status, Object.keys(accepted.body)]).toEqual([202, ['job']]);
    const again = await call(`${url}/index`, 'POST', { documents: [GUIDE], wait: true });
    expect(again).toMatchObject({ status: 200, body: { state: 'succeeded', indexed: 0, unchanged: 1 } });
    const job = await call(`${url}/jobs/${String(accepted.body['job'])}`);
    expect(job.body).toMatchObject({ state: 'succeeded', progress: 1, total: 1, failures: [] });
    expect((await call(`${url}/jobs?limit=1`)).body['jobs']).toMatchObject([{ id: again.body['job'] }]);
    expect((await call(`${url}/jobs/${String(accepted.body['job'])}/cancel`, 'POST')).body['state']).toBe('succeeded');
  });

  test('a document is listed, read with its chunks, deleted, and answers nothing from then on, nor does the cache', async () => {
    const { url } = await startApplication();
    await index(url);
    await call(`${url}/query`, 'POST', { question: QUESTION });
    const path = `${url}/documents/${encodeURIComponent(GUIDE.id)}`;
    expect((await call(`${url}/documents`)).body['documents']).toMatchObject([{ id: GUIDE.id, chunks: 1 }]);
    expect((await call(path)).body['chunks']).toMatchObject([{ position: 0, headings: ['Supervision'] }]);
    const receipt = await call(path, 'DELETE');
    expect(receipt.body).toMatchObject({ document: GUIDE.id, chunks_removed: 1 });
    expect((await call(path)).body.error?.code).toBe('DOCUMENT_NOT_FOUND');
    expect((await call(path, 'DELETE')).status).toBe(404);
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).body).toMatchObject({ cache_hit: false, finish: 'refused', sources: [] });
  });

  test('pages of a list follow each other by their cursor', async () => {
    const { url } = await startApplication();
    await index(url, ['a', 'b', 'c'].map((id) => ({ id, text: `Text of ${id}.` })));
    const first = (await call(`${url}/documents?limit=2`)).body;
    const second = (await call(`${url}/documents?limit=2&cursor=${encodeURIComponent(String(first['cursor']))}`)).body;
    expect([first['documents'], second['documents']]).toMatchObject([[{ id: 'a' }, { id: 'b' }], [{ id: 'c' }]]);
    expect(second['cursor']).toBeNull();
  });

  test('reindexing changes no document', async () => {
    const { url } = await startApplication();
    await index(url);
    const { status } = await call(`${url}/reindex`, 'POST');
    expect(status).toBe(202);
    expect((await call(`${url}/query`, 'POST', { question: QUESTION })).body['finish']).toBe('stop');
  });

  test('bad documents are refused by their codes, and none of their batch is taken', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_DOCUMENT_BYTES: '1024', BANYAN_MAX_BODY_BYTES: '65536' } });
    const good = { id: 'good', text: 'A good text.' };
    const refused: readonly (readonly [unknown, number, string])[] = [
      [{ documents: [] }, 400, 'INVALID_REQUEST'],
      [{ documents: [good, { id: 'empty', text: '' }] }, 400, 'DOCUMENT_EMPTY'],
      [{ documents: [good, { id: 'large', text: 'x'.repeat(1025) }] }, 413, 'DOCUMENT_TOO_LARGE'],
      [{ documents: [good, { id: 'good', text: 'Another.' }] }, 400, 'DOCUMENT_DUPLICATE'],
      [{ documents: [good, { id: 7, text: 'x' }] }, 400, 'INVALID_REQUEST'],
      [{ documents: [good, { id: 'nul\u0000', text: 'x' }] }, 400, 'INVALID_REQUEST'],
      [{ documents: [good, { id: 'deep', text: 'x', metadata: { a: { b: 1 } } }] }, 400, 'INVALID_REQUEST'],
      [{ documents: [good], chunk_size: 0 }, 400, 'INVALID_REQUEST'],
      [{ documents: [good], overlap: 1e9 }, 400, 'INVALID_REQUEST'],
      [{ documents: [good], chunksize: 10 }, 400, 'INVALID_REQUEST'],
      ['x'.repeat(70_000), 413, 'BODY_TOO_LARGE'],
    ];
    for (const [body, status, code] of refused) {
      const { status: got, body: reply } = await call(`${url}/index`, 'POST', body);
      expect([JSON.stringify(body).slice(0, 80), got, reply.error?.code]).toEqual([JSON.stringify(body).slice(0, 80), status, code]);
    }
    expect((await call(`${url}/documents`)).body['documents']).toEqual([]);
    expect((await call(`${url}/jobs`)).body['jobs']).toEqual([]);
  });

  test('an unknown job is refused', async () => {
    const { url } = await startApplication();
    for (const [path, method] of [['/jobs/none', 'GET'], ['/jobs/none/cancel', 'POST']] as const) {
      expect((await call(`${url}${path}`, method)).body.error?.code).toBe('JOB_NOT_FOUND');
    }
  });
});

describe('sessions and feedback', () => {
  test('a session is listed, read and forgotten', async () => {
    const { url } = await startApplication();
    await index(url);
    const { session, turn } = (await call(`${url}/query`, 'POST', { question: QUESTION })).body;
    expect((await call(`${url}/sessions`)).body['sessions']).toMatchObject([{ id: session, title: QUESTION, turn_count: 1 }]);
    expect((await call(`${url}/sessions/${String(session)}`)).body).toMatchObject({ id: session, turns: [{ id: turn, state: 'answered', end: { finish: 'stop' } }] });
    expect((await call(`${url}/sessions/${String(session)}`, 'DELETE')).status).toBe(204);
    expect((await call(`${url}/sessions`)).body['sessions']).toEqual([]);
  });

  test('a session that is forgotten leaves nothing behind that runs, and crashes nobody', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model] });
    await index(url);
    const client = await ChatClient.open(url);
    const session = await client.session();
    for (const id of ['q1', 'q2', 'q3']) client.ask(id, `${QUESTION} ${id}`);
    await client.frame(({ type, id }) => type === 'accepted' && id === 'q3');
    (await model.nth(0)).say('so far');
    expect((await call(`${url}/sessions/${session}`, 'DELETE')).status).toBe(204);
    await eventually(() => expect(model.streams.every(({ signal }) => signal.aborted)).toBe(true));
    await eventually(async () => expect((await call(`${url}/stats`)).body['active_sessions']).toBe(0));
    expect((await call(`${url}/sessions/${session}`)).status).toBe(404);
    expect((await call(`${url}/admin/crashes`)).body['crashes']).toEqual([]);
    expect(kernel.tree()?.children.map(({ restarts }) => restarts)).toEqual(kernel.tree()?.children.map(() => 0));
  });

  test('a running turn is stopped by REST, and the reply tells its end', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const asked = call(`${url}/query`, 'POST', { question: QUESTION });
    (await model.nth(0)).say('so far');
    const [session] = (await call(`${url}/sessions`)).body['sessions'] as { id: string }[];
    const stopped = await call(`${url}/sessions/${session?.id}/cancel`, 'POST');
    expect(stopped).toMatchObject({ status: 200, body: { finish: 'cancelled' } });
    expect((await asked).body).toMatchObject({ finish: 'cancelled', turn: stopped.body['turn'] });
    expect((await call(`${url}/sessions/${session?.id}/cancel`, 'POST', { turn: stopped.body['turn'] })).status).toBeGreaterThanOrEqual(404);
  });

  test('an opinion is taken for a turn that exists', async () => {
    const { url } = await startApplication();
    await index(url);
    const { turn } = (await call(`${url}/query`, 'POST', { question: QUESTION })).body;
    expect((await call(`${url}/feedback`, 'POST', { turn, rating: 'down', comment: 'too short' })).status).toBe(204);
    expect((await call(`${url}/feedback`, 'POST', { turn: 'none', rating: 'up' })).body.error?.code).toBe('TURN_NOT_FOUND');
    expect((await call(`${url}/feedback`, 'POST', { turn, rating: 'maybe' })).body.error?.code).toBe('INVALID_REQUEST');
  });

  test('unknown sessions are refused', async () => {
    const { url } = await startApplication();
    for (const [path, method] of [['/sessions/none', 'GET'], ['/sessions/none', 'DELETE'], ['/sessions/none/cancel', 'POST']] as const) {
      expect([path, (await call(`${url}${path}`, method)).body.error?.code]).toEqual([path, 'SESSION_NOT_FOUND']);
    }
    expect((await call(`${url}/sessions/${'x'.repeat(200)}`)).body.error?.details?.[0]?.field).toBe('id');
  });
});
