import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GATEWAY, gatewayUrl } from '#agents/gateway/gateway.agent.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { startApplication } from '../../support/start-application.ts';
import { ChatClient, oneTo } from '../../src/gateway/chat-client.ts';
import { EventReader, postJson } from '../../src/gateway/event-reader.ts';
import { call, index, QUESTION } from '../../src/gateway/rest-client.ts';

/** A port that somebody holds until `leave`. */
async function heldPort(): Promise<{ readonly port: number; leave(): void }> {
  const holder = createServer();
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const leave = (): void => void holder.close();
  onTestFinished(leave);
  return { port: (holder.address() as AddressInfo).port, leave };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  const [outcome] = (await Promise.race([once(server, 'listening').then(() => ['free']), once(server, 'error').then(() => ['taken'])])) as [string];
  server.close();
  return outcome === 'free';
}

describe('gatewayAgent', () => {
  test('a port that somebody holds is refused by its address', async () => {
    const { port } = await heldPort();
    await expect(startApplication({ env: { BANYAN_PORT: String(port) } })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: `port ${port} on 127.0.0.1 is in use`,
    });
  });

  test('a port that its holder leaves in time is taken', async () => {
    const { port, leave } = await heldPort();
    const started = startApplication({ env: { BANYAN_PORT: String(port), BANYAN_LOCK_WAIT_MS: '8000' } });
    setTimeout(leave, 700);
    expect(portOf((await started).url)).toBe(port);
  });

  test('a port is waited for as long as the setting says: no other limit ends the start before', async () => {
    const { kernel } = await startApplication();
    const spec = await kernel.supervisor('banyan').getChildSpec(GATEWAY);
    expect(spec?.startTimeoutMs).toBe('infinity');
  });

  test('a gateway that is killed comes back on its port, and sessions and their turns live on', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model], env: { BANYAN_PORT: String((await heldPort().then(freed)).port) } });
    await index(url);
    const client = await ChatClient.open(url);
    const session = await client.session();
    client.ask('q1', QUESTION);
    const stream = await model.nth(0);
    stream.say('before ');
    await client.ofType('answer-delta');
    const idle = connect(portOf(url), '127.0.0.1');
    await once(idle, 'connect');
    kernel.kill(GATEWAY);
    await Promise.all([client.closed, once(idle, 'close')]);
    await kernel.whenUp(GATEWAY, 5000);
    expect(gatewayUrl(kernel)).toBe(url);
    const back = await ChatClient.open(url, `?session=${session}&after=${client.seqs.at(-1)}`);
    stream.say('after').finish();
    const end = await back.ofType('answer-end');
    expect(end['answer']).toBe('before after');
    expect([...client.seqs, ...back.seqs]).toEqual(oneTo(end.seq ?? 0));
  });
});

describe('drain', () => {
  test('running answers come to their end, new questions are refused, then clients are told to come back', async () => {
    const model = new ScriptedModel();
    const app = await startApplication({ models: [model] });
    const { url } = app;
    await index(url);
    const client = await ChatClient.open(url);
    const events = await EventReader.open(`${url}/admin/events`);
    client.ask('q1', QUESTION);
    const rest = call(`${url}/query`, 'POST', { question: 'What does Banyan restart?' });
    const streams = [await model.nth(0), await model.nth(1)];
    const stopped = app.stop();
    await eventually(async () => expect((await call(`${url}/readyz`)).body).toEqual({ status: 'draining' }));
    expect((await call(`${url}/readyz`)).status).toBe(503);
    expect((await call(`${url}/livez`)).status).toBe(200);
    expect((await call(`${url}/query`, 'POST', { question: 'x' })).body.error).toMatchObject({ code: 'DRAINING', retryable: true });
    client.ask('q2', 'x');
    expect(await client.ofType('error')).toMatchObject({ id: 'q2', error: { code: 'DRAINING', retryable: true } });
    const late = await ChatClient.open(url);
    expect(await late.closed).toEqual({ code: 1012, reason: 'DRAINING' });
    for (const stream of streams) stream.say('the end').finish();
    expect((await rest).body).toMatchObject({ finish: 'stop', answer: 'the end' });
    const end = await client.end('q1');
    expect(end['answer']).toBe('the end');
    expect(await client.closed).toEqual({ code: 1012, reason: `restart; resume after=${end.seq}` });
    await events.toEnd();
    await stopped;
    expect(await isFree(portOf(url))).toBe(true);
  });

  test('an answer that does not come to its end in time, and those behind it, are answered by the next process', async () => {
    const model = new ScriptedModel();
    const before = await startApplication({ models: [model], env: { BANYAN_DRAIN_TIMEOUT_MS: '200' } });
    await index(before.url);
    const client = await ChatClient.open(before.url);
    const session = await client.session();
    client.ask('q1', QUESTION);
    client.ask('q2', 'What does Banyan restart?');
    const stream = (await model.nth(0)).say('one');
    await client.ofType('answer-delta');
    const started = performance.now();
    await before.stop();
    expect(performance.now() - started).toBeLessThan(4000);
    expect(stream.signal.aborted).toBe(true);
    const after = client.seqs.at(-1) ?? 0;
    expect(await client.closed).toEqual({ code: 1012, reason: `restart; resume after=${after}` });
    expect(client.frames.filter(({ type }) => type === 'answer-end' || type === 'answer-error')).toEqual([]);
    const { url } = await startApplication({ models: [model], dataDir: before.dataDir });
    const back = await ChatClient.open(url, `?session=${session}&after=${after}`);
    (await model.nth(1)).say('one two').finish();
    (await model.nth(2)).say('three').finish();
    await eventually(() => expect(back.frames.flatMap(({ type, answer }) => (type === 'answer-end' ? [answer] : []))).toEqual(['one two', 'three']));
    const { turns } = (await call(`${url}/sessions/${session}`)).body;
    expect(turns).toMatchObject([{ ask_id: 'q1', state: 'answered', end: { answer: 'one two' } }, { ask_id: 'q2', state: 'answered', end: { answer: 'three' } }]);
  });

  test('requests whose answer is handed over are told to come back: by DRAINING, or by the end of their stream', async () => {
    const model = new ScriptedModel();
    const before = await startApplication({ models: [model], env: { BANYAN_DRAIN_TIMEOUT_MS: '200' } });
    await index(before.url);
    const rest = call(`${before.url}/query`, 'POST', { question: QUESTION });
    await model.nth(0);
    const reader = await EventReader.open(`${before.url}/query`, postJson({ question: 'What does Banyan restart?', stream: true }));
    (await model.nth(1)).say('half');
    await reader.until('answer-delta');
    await before.stop();
    const { status, body } = await rest;
    expect([status, body.error]).toMatchObject([503, { code: 'DRAINING', retryable: true, retry_after_ms: 1000 }]);
    expect((await reader.toEnd()).at(-1)).toMatchObject({ event: 'restart' });
    const { url } = await startApplication({ models: [model], dataDir: before.dataDir });
    for (const nth of [2, 3]) (await model.nth(nth)).say('half and half').finish();
    const sessions = (await call(`${url}/sessions`)).body['sessions'] as { readonly id: string }[];
    for (const { id } of sessions) {
      await eventually(async () => expect((await call(`${url}/sessions/${id}`)).body['turns']).toMatchObject([{ state: 'answered', end: { answer: 'half and half' } }]));
    }
    const { session } = reader.events.find(({ event }) => event === 'ready')?.data ?? {};
    const last = reader.events.flatMap(({ id }) => id ?? []).at(-1);
    const resumed = await EventReader.open(`${url}/sessions/${String(session)}/events`, { headers: { 'last-event-id': String(last) } });
    expect((await resumed.until('ready')).data['session']).toBe(session);
  });

  test('connections that are kept alive, or half open, hold nobody up', async () => {
    const app = await startApplication();
    await call(`${app.url}/livez`);
    const silent = connect(portOf(app.url), '127.0.0.1');
    const begun = connect(portOf(app.url), '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(begun, 'connect')]);
    begun.write('POST /query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"que');
    begun.on('error', () => undefined);
    const started = performance.now();
    await app.stop();
    expect(performance.now() - started).toBeLessThan(3000);
    expect(await isFree(portOf(app.url))).toBe(true);
  });
});

async function freed({ port, leave }: { readonly port: number; leave(): void }): Promise<{ readonly port: number }> {
  leave();
  await eventually(async () => expect(await isFree(port)).toBe(true));
  return { port };
}
