import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { call, index, QUESTION } from '../rest-client.ts';

interface Listed {
  readonly id: string;
}

describe('/admin/crashes', () => {
  test('lists the crashes, latest first, and gives each in full', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    expect((await call(`${url}/admin/crashes`)).body).toEqual({ crashes: [] });
    const answer = call(`${url}/query`, 'POST', { question: QUESTION });
    (await model.nth(0)).fail(new TypeError('a first bug'));
    (await model.nth(1)).fail(new RangeError('a second bug'));
    (await model.nth(2)).say('Fine.').finish();
    expect((await answer).status).toBe(200);
    const crashes = await eventually(async () => {
      const { body } = await call(`${url}/admin/crashes`);
      expect(body['crashes']).toMatchObject([
        { actor: { id: 'query', supervisor: 'queries' }, reason: { name: 'RangeError', message: 'a second bug' } },
        { reason: { name: 'TypeError', message: 'a first bug' } },
      ]);
      return body['crashes'] as readonly Listed[];
    });
    const { status, body } = await call(`${url}/admin/crashes/${crashes[0]?.id ?? ''}`);
    expect([status, body]).toMatchObject([200, { format: 1, question: { text: QUESTION }, steps: { retrieved: { sources: [{ document_id: 'guides/supervision.md' }] } } }]);
  });

  test.for(['unknown', '2026-11-21T14-03-07.512Z-query-5f0c1a', '..%2F..%2Fetc%2Fpasswd'])('refuses %s, which is none', async (id) => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/admin/crashes/${id}`);
    expect([status, body.error?.code]).toEqual([404, 'CRASH_NOT_FOUND']);
  });
});
