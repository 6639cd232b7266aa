import { describe, expect, test } from 'vitest';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { call } from '../src/gateway/rest-client.ts';
import type { Script } from '../support/emulators/emulator.ts';
import type { Emulators } from '../support/emulators/start-emulators.ts';
import { eventually } from '../support/eventually.ts';
import type { CloudService } from './cloud-service.ts';
import { ANSWER, ask, GEMINI, NOVA, PATHS, QUESTION, requestsOf, startCloudService, useEmulatedCredentials } from './cloud-service.ts';

useEmulatedCredentials();

type Name = 'gemini' | 'bedrock' | 'pinecone';

interface Phase {
  readonly emulator: Name;
  readonly path: string;
  readonly script: Script;
  readonly env?: Record<string, string>;
}

const PHASES: Readonly<Record<string, Phase>> = {
  'its embedding hangs': { emulator: 'bedrock', path: PATHS.embed, script: { hang: 'connect' } },
  'its search hangs': { emulator: 'pinecone', path: PATHS.query, script: { hang: 'headers' } },
  'its reranking hangs': { emulator: 'bedrock', path: PATHS.rerank, script: { hang: 'connect' } },
  'Gemini has not sent its first byte': { emulator: 'gemini', path: PATHS.generate, script: { hang: 'connect' } },
  'Gemini has sent headers': { emulator: 'gemini', path: PATHS.generate, script: { hang: 'headers' } },
  'Gemini is in mid-stream': { emulator: 'gemini', path: PATHS.generate, script: { hang: 'body' } },
  'Bedrock has not sent its first byte': { emulator: 'bedrock', path: PATHS.converse, script: { hang: 'connect' }, env: { BANYAN_MODELS: `${NOVA},${GEMINI}` } },
  'Bedrock is in mid-stream': { emulator: 'bedrock', path: PATHS.converse, script: { hang: 'body' }, env: { BANYAN_MODELS: `${NOVA},${GEMINI}` } },
};

function countOf(emulators: Emulators): number {
  return emulators.gemini.requests.length + emulators.bedrock.requests.length + emulators.pinecone.requests.length;
}

/** Asks, waits until the turn is where it is wanted, and cancels. */
async function cancelWhen(service: CloudService, isThere: (client: ChatClient) => void): Promise<{ end: Record<string, unknown>; client: ChatClient; cancelledAtMs: number }> {
  const client = await ChatClient.open(service.url);
  client.ask('q', QUESTION);
  const { turn } = await client.ofType('accepted');
  await eventually(() => isThere(client));
  const cancelledAtMs = performance.now();
  client.send({ type: 'cancel', turn });
  return { end: await client.end('q'), client, cancelledAtMs };
}

describe('a turn is cancelled while', () => {
  test.for(Object.entries(PHASES))('%s: it ends, the socket is closed, nothing runs on', async ([, { emulator, path, script, env }]) => {
    const service = await startCloudService(env === undefined ? {} : { env });
    const { emulators, url } = service;
    const before = requestsOf(emulators[emulator], path).length;
    emulators[emulator].script({ path, ...script });
    const { end, client, cancelledAtMs } = await cancelWhen(service, (each) => {
      expect(requestsOf(emulators[emulator], path).length).toBeGreaterThan(before);
      expect(each.frames.some(({ type }) => type === 'answer-delta')).toBe(script.hang === 'body');
    });
    expect(end).toMatchObject({ type: 'answer-end', finish: 'cancelled' });
    const closed = await eventually(() => {
      const request = requestsOf(emulators[emulator], path).at(-1);
      expect(request?.closedEarly).toBe(true);
      return request;
    });
    expect((closed?.closedAtMs ?? Infinity) - cancelledAtMs).toBeLessThan(1000);
    const sent = countOf(emulators);
    const frames = client.frames.length;
    const other = await ask(url, 'Who watches the children of a supervisor?', { rerank: false, model: 'extractive:quotes' });
    expect(other.end).toMatchObject({ finish: 'stop', degraded: [] });
    // One embedding and one search are the other question's.
    expect([countOf(emulators) - sent, client.frames.length]).toEqual([2, frames]);
    expect([emulators.gemini, emulators.bedrock, emulators.pinecone].map(({ openRequests }) => openRequests)).toEqual([0, 0, 0]);
    const deltas = client.frames.filter(({ type }) => type === 'answer-delta').map((frame) => frame.text);
    expect(deltas.join('')).toBe(end['answer']);
  });

  test('it waits for its turn at a model: it ends and leaves the queue', async () => {
    const service = await startCloudService({ env: { BANYAN_MODELS: GEMINI, BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const { emulators, url } = service;
    emulators.gemini.script({ path: PATHS.generate, error: 'throttled:5s' });
    await ask(url, QUESTION, { temperature: 0.1 });
    const { end } = await cancelWhen(service, (client) => expect(client.frames.some(({ stage }) => stage === 'queued')).toBe(true));
    expect(end).toMatchObject({ finish: 'cancelled', answer: '' });
    expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(1);
  });

  test('it waits before it tries an embedding again: it ends and nothing is tried again', async () => {
    const service = await startCloudService();
    const { emulators } = service;
    const before = requestsOf(emulators.bedrock, PATHS.embed).length;
    emulators.bedrock.script({ path: PATHS.embed, error: 'throttled' });
    const { end } = await cancelWhen(service, () => {
      const retried = requestsOf(emulators.bedrock, PATHS.embed).slice(before);
      expect(retried.map(({ closedAtMs }) => closedAtMs === undefined)).toEqual([false]);
    });
    expect(end).toMatchObject({ finish: 'cancelled' });
    await ask(service.url, QUESTION, { rerank: false, model: 'extractive:quotes' });
    expect(requestsOf(emulators.gemini, PATHS.generate)).toEqual([]);
  });
});

test('a question of two askers is cancelled by one and answered to the other', async () => {
  const { url, emulators } = await startCloudService({ emulators: { tokenMs: 20 } });
  const clients = await Promise.all([ChatClient.open(url), ChatClient.open(url)]);
  for (const client of clients) client.ask('q', QUESTION);
  const [first, second] = clients;
  await Promise.all(clients.map((client) => client.ofType('answer-delta')));
  first?.send({ type: 'cancel', turn: (await first.ofType('accepted')).turn });
  expect(await first?.end('q')).toMatchObject({ finish: 'cancelled' });
  expect(await second?.end('q')).toMatchObject({ finish: 'stop', answer: ANSWER });
  expect(requestsOf(emulators.gemini, PATHS.generate)).toHaveLength(1);
});

test('a cancelled call is counted as aborted by its account, and nobody is called ill for it', async () => {
  const service = await startCloudService();
  service.emulators.gemini.script({ path: PATHS.generate, hang: 'body' });
  await cancelWhen(service, (client) => expect(client.frames.some(({ type }) => type === 'answer-delta')).toBe(true));
  await eventually(async () => {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics.match(/^banyan_provider_calls_total\{account="gemini.*$/gm)).toEqual(['banyan_provider_calls_total{account="gemini/key-1/gemini-3.8-flash",outcome="aborted"} 1']);
  });
  expect((await call(`${service.url}/health`)).body['status']).toBe('healthy');
  expect(service.log).toEqual([]);
});
