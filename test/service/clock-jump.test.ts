import { afterEach, describe, expect, test, vi } from 'vitest';
import { sessionName } from '#agents/session/session.agent.ts';
import { ScriptedModel } from '../support/scripted-model.ts';
import { startApplication } from '../support/start-application.ts';
import { ChatClient, oneTo } from '../src/gateway/chat-client.ts';
import { call, index, QUESTION } from '../src/gateway/rest-client.ts';

const HOUR_MS = 3_600_000;
const now = Date.now.bind(Date);

/** Sets the clock of the machine, as far as this process sees it; time that passes is not changed. */
function setClock(byMs: number): void {
  vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
}

afterEach(() => void vi.restoreAllMocks());

describe.for([
  ['forward', 7 * HOUR_MS],
  ['back', -7 * HOUR_MS],
] as const)('a clock that is set %s by hours', ([, byMs]) => {
  test('in mid-answer ends no turn and delays none, and the next ones come in order', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model] });
    await index(url);
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    client.ask('q2', 'What does Banyan restart?');
    const stream = (await model.nth(0)).say('one ');
    await client.ofType('answer-delta');
    setClock(byMs);
    stream.say('two').finish();
    expect(await client.end('q1')).toMatchObject({ finish: 'stop', answer: 'one two' });
    (await model.nth(1)).say('three').finish();
    const end = await client.end('q2');
    expect(end).toMatchObject({ finish: 'stop', answer: 'three' });
    expect(end['latency_ms']).toBeLessThan(10_000);
    client.ask('q3', 'And what watches it?');
    await model.nth(2);
    kernel.kill(sessionName(await client.session()));
    const again = (await model.nth(2)).say('four');
    again.finish();
    await client.end('q3');
    expect(client.seqs).toEqual(oneTo(client.seqs.length));
    const { turns } = (await call(`${url}/sessions/${await client.session()}`)).body;
    expect(turns).toMatchObject(['q1', 'q2', 'q3'].map((ask_id) => ({ ask_id })));
  });

  test('neither ends a limit early nor makes it longer', async () => {
    const { url } = await startApplication({ env: { BANYAN_RATE_LIMIT: '2', BANYAN_TURN_TIMEOUT_MS: '1500' }, models: [new ScriptedModel()] });
    await index(url);
    const ask = (): ReturnType<typeof call> => call(`${url}/query`, 'POST', { question: QUESTION });
    const first = ask();
    setClock(byMs);
    const startedMs = performance.now();
    expect((await first).body).toMatchObject({ degraded: ['model'] });
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect((await ask()).status).toBe(200);
    const { status, body } = await ask();
    expect([status, body.error?.code]).toEqual([429, 'RATE_LIMITED']);
    expect(body.error?.retry_after_ms).toBeLessThanOrEqual(60_000);
  });
});
