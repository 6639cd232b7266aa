import { once } from 'node:events';
import { WebSocket } from 'ws';
import { quantile } from '../statistics.ts';

export type AskingRequest =
  /** Opens sockets, each of a session of its own. */
  | { readonly type: 'open'; readonly url: string; readonly sockets: number }
  /** Asks at a steady pace, the sockets and the questions in turn; answers with `AskingReport` when all are accepted or refused. */
  | { readonly type: 'ask'; readonly questions: readonly string[]; readonly perSecond: number; readonly count: number };

export interface AskingReport {
  readonly accepted: number;
  /** Asks that were answered with `error`. */
  readonly refused: number;
  /** From the first ask to the last `accepted`. */
  readonly seconds: number;
  /** From when a question was due to its `accepted`: a client or a service that falls behind shows in it. */
  readonly acceptP50Ms: number;
  readonly acceptP99Ms: number;
  readonly acceptMaxMs: number;
}

const OPENED_AT_ONCE = 50;
const TICK_MS = 1;
const LATE_MS = 10_000;
const ACCEPTED = Buffer.from('{"type":"accepted","id":"');
const REFUSED = Buffer.from('{"type":"error"');
const ANSWER_ERROR = Buffer.from('{"type":"answer-error"');
const ID_LENGTH = 10;

const sockets: WebSocket[] = [];
/** When each question that is not accepted was due, by its id. */
const dueMs = new Map<string, number>();
let acceptsMs: number[] = [];
let lastAcceptedMs = 0;
let refused = 0;
let asked = 0;

process.on('message', (request: AskingRequest) => {
  serve(request).then((answer) => process.send?.(answer), fail);
});

function serve(request: AskingRequest): Promise<object> {
  return request.type === 'open' ? open(request) : ask(request);
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}

async function open({ url, sockets: count }: Extract<AskingRequest, { type: 'open' }>): Promise<object> {
  while (sockets.length < count) {
    const more = Math.min(OPENED_AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: more }, () => openOne(url)))));
  }
  return {};
}

async function openOne(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true });
  await once(socket, 'message');
  socket.on('message', receive);
  socket.on('close', () => fail(new Error('the service closed a socket')));
  return socket;
}

/** Frames are told apart by how they begin: to read them would cost as much as to make them. */
function receive(frame: Buffer): void {
  if (startsWith(frame, ACCEPTED)) noteAccepted(frame.toString('latin1', ACCEPTED.length, ACCEPTED.length + ID_LENGTH));
  else if (startsWith(frame, REFUSED)) noteRefusal(frame);
  else if (startsWith(frame, ANSWER_ERROR)) fail(new Error(frame.toString()));
}

function startsWith(frame: Buffer, beginning: Buffer): boolean {
  return frame.compare(beginning, 0, beginning.length, 0, Math.min(beginning.length, frame.length)) === 0;
}

function noteAccepted(id: string): void {
  const due = dueMs.get(id);
  if (due === undefined) return;
  dueMs.delete(id);
  lastAcceptedMs = performance.now();
  acceptsMs.push(lastAcceptedMs - due);
}

function noteRefusal(frame: Buffer): void {
  if (refused === 0) console.error(frame.toString());
  refused += 1;
}

async function ask({ questions, perSecond, count }: Extract<AskingRequest, { type: 'ask' }>): Promise<AskingReport> {
  [acceptsMs, refused] = [[], 0];
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - startedMs) * perSecond) / 1000));
      for (; sent < due; sent += 1) askOne(questions, startedMs + (sent * 1000) / perSecond);
      if (sent < count) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await whenSettled(count);
  return {
    accepted: acceptsMs.length,
    refused,
    seconds: (lastAcceptedMs - startedMs) / 1000,
    acceptP50Ms: quantile(acceptsMs, 0.5),
    acceptP99Ms: quantile(acceptsMs, 0.99),
    acceptMaxMs: quantile(acceptsMs, 1),
  };
}

function askOne(questions: readonly string[], due: number): void {
  asked += 1;
  const id = String(asked).padStart(ID_LENGTH, '0');
  dueMs.set(id, due);
  sockets[asked % sockets.length]?.send(JSON.stringify({ type: 'ask', id, question: questions[asked % questions.length] }));
}

async function whenSettled(count: number): Promise<void> {
  const giveUpAt = performance.now() + LATE_MS;
  while (acceptsMs.length + refused < count && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 10));
}
