import { expect, test } from 'vitest';
import type { ServerFrame } from '#src/client/api.ts';
import { eventually } from '../support/eventually.ts';
import { startCli } from '../support/run-cli.ts';
import { freePort, serveEnvironment, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { connectClient, eventsOf, textOf } from '../src/client/connect-client.ts';
import { call, index } from '../src/gateway/rest-client.ts';

const STREAMS = 20;
/** So slow that no answer of about 45 words ends before the drain does. */
const SETTINGS = { BANYAN_EXTRACTIVE_RATE: '15', BANYAN_DRAIN_TIMEOUT_MS: '300', BANYAN_LOCK_WAIT_MS: '20000' };

/** Signals within this time of the first are that one again. */
const SAME_SIGNAL_MS = 1000;

/** A device of its own for each stream, so that no two share an answer. */
const GUIDES = Array.from({ length: STREAMS }, (_, at) => {
  const steps = Array.from({ length: 6 }, (__, step) => `wheel ${at}-${step}, then lever ${at}-${step}`).join(', then ');
  return { id: `device${at}`, title: `Device${at}`, text: `# Device${at}\n\nThe device${at} is a machine that turns ${steps}.` };
});

function endsIn(frames: readonly ServerFrame[]): number {
  return frames.filter(({ type }) => type === 'answer-end' || type === 'answer-error').length;
}

test('a service that is replaced under 20 live streams finishes every answer, each with one end', { timeout: 60_000 }, async () => {
  const port = await freePort();
  const dataDir = temporaryDirectory();
  const before = await startServe(port, dataDir, SETTINGS);
  await index(before.url, GUIDES);
  const next = startCli(['serve'], { env: serveEnvironment(port, dataDir, SETTINGS) });
  await next.says(`held by process ${before.child.pid}`);
  const clients = GUIDES.map((_, at) => {
    const banyan = connectClient(before.url);
    const frames: ServerFrame[] = [];
    banyan.onFrame((frame) => frames.push(frame));
    const answer = banyan.ask(`What is the device${at}?`);
    return { banyan, frames, answer, events: eventsOf(answer) };
  });
  await eventually(() => expect(clients.every(({ frames }) => frames.some(({ type }) => type === 'answer-delta'))).toBe(true));
  before.child.kill('SIGTERM');
  expect((await before.ended).status).toBe(0);
  expect(clients.map(({ frames }) => endsIn(frames))).toEqual(clients.map(() => 0));
  await next.says('listening on');

  for (const { banyan, frames, answer, events } of clients) {
    const text = await answer.text();
    const read = await events;
    expect(text).toMatch(/lever \d+-5/);
    expect(textOf(read)).toBe(text);
    expect(read.filter(({ type }) => type === 'reset')).toEqual([]);
    expect(endsIn(frames)).toBe(1);
    expect(frames.filter(({ type }) => type === 'snapshot')).toEqual([]);
    const ranges = frames.flatMap((frame) => ('seq' in frame ? [{ first: frame.from ?? frame.seq, last: frame.seq }] : []));
    expect(ranges.map(({ first }) => first)).toEqual([1, ...ranges.map(({ last }) => last + 1).slice(0, -1)]);
    const { turns } = (await call(`${before.url}/sessions/${await banyan.session}`)).body;
    expect(turns).toMatchObject([{ state: 'answered', end: { answer: text, finish: 'stop', degraded: [] } }]);
  }
});

test('a second signal after more than a second ends the process at once, and nothing that was accepted is lost', { timeout: 30_000 }, async () => {
  const port = await freePort();
  const dataDir = temporaryDirectory();
  const settings = { ...SETTINGS, BANYAN_DRAIN_TIMEOUT_MS: '20000' };
  const before = await startServe(port, dataDir, settings);
  await index(before.url, GUIDES.slice(0, 1));
  const answer = connectClient(before.url).ask('What is the device0?');
  await eventually(() => expect(answer.turn).toBeDefined());
  const signalledAtMs = performance.now();
  await eventually(() => {
    before.child.kill('SIGTERM');
    expect(before.child.exitCode).toBe(1);
  });
  const aliveMs = performance.now() - signalledAtMs;
  expect([aliveMs >= SAME_SIGNAL_MS, aliveMs < SAME_SIGNAL_MS + 2000]).toEqual([true, true]);
  await startServe(port, dataDir, settings);
  expect(await answer.text()).toMatch(/lever 0-5/);
});
