import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface AskRequest {
  readonly url: string;
  readonly sessions: number;
  /** Asked in each session, one behind the other. */
  readonly turns: number;
}

export interface AskReport {
  readonly frames: number;
  /** Frames whose number was not the next. */
  readonly outOfOrder: number;
}

interface Client {
  readonly socket: WebSocket;
  lastSeq: number;
  frames: number;
  outOfOrder: number;
  onEnd: () => void;
}

const clients: Client[] = [];
let asked = 0;

process.on('message', (request: AskRequest) => {
  ask(request).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

/** The sessions stay, so that their history grows. */
async function ask({ url, sessions, turns }: AskRequest): Promise<AskReport> {
  while (clients.length < sessions) clients.push(await open(url));
  await Promise.all(clients.map((client) => askTurns(client, turns)));
  const report = { frames: sum(({ frames }) => frames), outOfOrder: sum(({ outOfOrder }) => outOfOrder) };
  for (const client of clients) client.frames = 0;
  return report;
}

async function open(url: string): Promise<Client> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false, skipUTF8Validation: true });
  const client: Client = { socket, lastSeq: 0, frames: 0, outOfOrder: 0, onEnd: () => undefined };
  socket.on('message', (data: Buffer) => take(client, data.toString()));
  await once(socket, 'open');
  return client;
}

function take(client: Client, json: string): void {
  if (json.startsWith('{"type":"error"') || json.startsWith('{"type":"answer-error"')) throw new Error(json);
  const seq = Number(/"seq":(\d+)\}$/.exec(json.slice(-30))?.[1] ?? NaN);
  if (Number.isNaN(seq)) return;
  client.frames += 1;
  if (seq !== client.lastSeq + 1) client.outOfOrder += 1;
  client.lastSeq = seq;
  if (json.startsWith('{"type":"answer-end"')) client.onEnd();
}

async function askTurns(client: Client, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    const ended = new Promise<void>((resolve) => (client.onEnd = resolve));
    client.socket.send(JSON.stringify({ type: 'ask', id: `ask-${(asked += 1)}`, question: `What is thing number ${asked}?` }));
    await ended;
  }
}

function sum(valueOf: (client: Client) => number): number {
  return clients.reduce((total, client) => total + valueOf(client), 0);
}
