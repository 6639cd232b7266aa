import { once } from 'node:events';
import { WebSocket } from 'ws';
import { quantile } from '../statistics.ts';
import { SessionAccount } from './session-account.ts';

export type ClientsRequest =
  /** Opens sockets, each of a session of its own; asks in each, spread over `rampMs`; answers when text comes to all. */
  | { readonly type: 'start'; readonly url: string; readonly sessions: number; readonly rampMs: number }
  /** Answers with what came in this time (`WindowReport`). */
  | { readonly type: 'watch'; readonly durationMs: number }
  /** Waits until all answers have ended, at most so long, and counts (`FinalReport`). */
  | { readonly type: 'finish'; readonly deltas: number; readonly timeoutMs: number };

export interface WindowReport {
  readonly frames: number;
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

export interface FinalReport {
  readonly lostFrames: number;
  readonly repeatedFrames: number;
  readonly unendedSessions: number;
}

interface Client {
  readonly account: SessionAccount;
  readonly started: Promise<void>;
  readonly ended: Promise<void>;
  ask(question: string): void;
}

const OPENED_AT_ONCE = 50;

const clients: Client[] = [];
const delaysMs: number[] = [];

process.on('message', (request: ClientsRequest) => {
  serve(request).then((answer) => process.send?.(answer), fail);
});

function serve(request: ClientsRequest): Promise<object> {
  switch (request.type) {
    case 'start':
      return start(request);
    case 'watch':
      return watch(request);
    case 'finish':
      return finish(request);
  }
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

async function start({ url, sessions, rampMs }: Extract<ClientsRequest, { type: 'start' }>): Promise<object> {
  while (clients.length < sessions) {
    const count = Math.min(OPENED_AT_ONCE, sessions - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: count }, () => open(url)))));
  }
  const started = clients.map(async (client, index) => {
    await pause((index * rampMs) / clients.length);
    client.ask(`What is thing number ${index}?`);
    await client.started;
  });
  await Promise.all(started);
  return {};
}

async function open(url: string): Promise<Client> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  const account = new SessionAccount(delaysMs);
  const [ready, started, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  socket.on('message', (data: Buffer) => {
    const json = data.toString();
    if (json.startsWith('{"type":"ready"')) return ready.resolve();
    if (json.startsWith('{"type":"error"')) return fail(new Error(json));
    account.receive(json, performance.timeOrigin + performance.now());
    if (account.deltas > 0) started.resolve();
    if (account.hasEnded) ended.resolve();
  });
  socket.on('close', () => ended.resolve());
  await once(socket, 'open');
  await ready.promise;
  const ask = (question: string): void => socket.send(JSON.stringify({ type: 'ask', id: 'first', question }));
  return { account, started: started.promise, ended: ended.promise, ask };
}

async function watch({ durationMs }: Extract<ClientsRequest, { type: 'watch' }>): Promise<WindowReport> {
  const framesBefore = sum(({ frames }) => frames);
  delaysMs.length = 0;
  await pause(durationMs);
  const frames = sum((account) => account.frames) - framesBefore;
  return { frames, delayP50Ms: quantile(delaysMs, 0.5), delayP99Ms: quantile(delaysMs, 0.99), delayMaxMs: quantile(delaysMs, 1) };
}

async function finish({ deltas, timeoutMs }: Extract<ClientsRequest, { type: 'finish' }>): Promise<FinalReport> {
  await Promise.race([Promise.all(clients.map(({ ended }) => ended)), pause(timeoutMs)]);
  return {
    // Those that a gap shows, and those that never came at the end.
    lostFrames: sum((account) => Math.max(account.lost, deltas - account.deltas)),
    repeatedFrames: sum(({ repeated }) => repeated),
    unendedSessions: sum(({ hasEnded }) => (hasEnded ? 0 : 1)),
  };
}

function sum(valueOf: (account: SessionAccount) => number): number {
  return clients.reduce((total, { account }) => total + valueOf(account), 0);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
