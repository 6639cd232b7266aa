import { IncomingMessage, ServerResponse } from 'node:http';
import { queryObjects } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { sessionName } from '#agents/session/session.agent.ts';
import { openIdleSocket } from '../../../../bench/sockets/idle-socket.ts';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { ChatClient } from '../chat-client.ts';
import { call, index, QUESTION } from '../rest-client.ts';

describe('a socket that asks nothing', () => {
  test('keeps nothing of the HTTP request from which it came', async () => {
    const { url } = await startApplication();
    const port = Number(new URL(url).port);
    const before = countHttpObjects();
    for (let opened = 0; opened < 50; opened += 1) await openIdleSocket(port);
    expect(countHttpObjects() - before).toBeLessThan(10);
  });

  test('starts no actor for its session, which others may join', async () => {
    const { url, kernel } = await startApplication();
    await index(url);
    const first = await ChatClient.open(url);
    const session = await first.session();
    const second = await ChatClient.open(url, `?session=${session}`);
    await second.ofType('ready');
    expect(kernel.whereis(sessionName(session))).toBeUndefined();
    second.ask('q1', QUESTION);
    expect((await first.ofType('answer-end'))['finish']).toBe('stop');
  });

  test('has no turn to cancel', async () => {
    const { url } = await startApplication();
    const client = await ChatClient.open(url);
    client.send({ type: 'cancel', turn: 'none' });
    expect(await client.ofType('error')).toMatchObject({ turn: 'none', error: { code: 'TURN_NOT_FOUND' } });
    expect((await call(`${url}/sessions/${await client.session()}/cancel`, 'POST')).body.error?.code).toBe('TURN_NOT_FOUND');
  });

  test('that was refused leaves its session as unknown as it was', async () => {
    const { url } = await startApplication();
    for (let tries = 0; tries < 2; tries += 1) {
      const client = await ChatClient.open(url, '?session=nobody');
      expect((await client.closed).code).toBe(4404);
    }
  });
});

describe('the actor of a session', () => {
  test('is parked when nothing was asked for long, though a client listens, and comes back when asked', async () => {
    const { url, kernel } = await startApplication({ env: { BANYAN_SESSION_IDLE_MS: '1000' } });
    await index(url);
    const client = await ChatClient.open(url);
    const name = sessionName(await client.session());
    client.ask('q1', QUESTION);
    await client.end('q1');
    expect(kernel.whereis(name)).toBeDefined();
    await eventually(() => expect(kernel.whereis(name)).toBeUndefined());
    client.ask('q2', 'What does Banyan restart?');
    expect((await client.end('q2'))['finish']).toBe('stop');
    expect(client.seqs).toEqual(client.seqs.map((_, at) => at + 1));
  });

  test('goes when the one answer that somebody came for was streamed', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model] });
    await index(url);
    const headers = { accept: 'text/event-stream', 'content-type': 'application/json' };
    const reply = fetch(`${url}/query`, { method: 'POST', headers, body: JSON.stringify({ question: QUESTION }) });
    (await model.nth(0)).say('one').finish();
    const events = await (await reply).text();
    const session = /"session":"([^"]+)"/.exec(events)?.[1] ?? '';
    expect(session).not.toBe('');
    await eventually(() => expect(kernel.whereis(sessionName(session))).toBeUndefined());
  });
});

/** After a collection of garbage. */
function countHttpObjects(): number {
  return queryObjects(IncomingMessage, { format: 'count' }) + queryObjects(ServerResponse, { format: 'count' });
}
