import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, AnswerEvent, Banyan } from '#src/client/api.ts';
import { connect } from '#src/client/client.ts';
import type { Benchmark, Figures } from '../benchmark.ts';
import { freePort, spawnBuilt, whenReady } from '../service-process.ts';
import { quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const STREAMS = 200;
const QUICK_STREAMS = 50;
/** Words a second of each stream: an answer of about 45 takes longer than the drain. */
const RATE = '10';
const DRAIN_MS = 1000;
/** The new process has loaded all it can by then, and waits for the data. */
const WARM_UP_MS = 2500;

/** A new process takes over data and port of the one before while answers stream. */
export const benchmark: Benchmark = {
  targets: { incomplete_answers: { max: 0 }, turns_with_two_ends: { max: 0 }, exit_code: { max: 0 } },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const streams = isQuick ? QUICK_STREAMS : STREAMS;
      const port = await freePort();
      const env = { BANYAN_EXTRACTIVE_RATE: RATE, BANYAN_DRAIN_TIMEOUT_MS: String(DRAIN_MS), BANYAN_LOCK_WAIT_MS: '60000' };
      const start = (): ChildProcess => spawnBuilt({ dataDir, port, env });
      const before = start();
      const figures = await replace(before, start, { port, streams });
      return { figures, notes: [`${streams} streams; silence: the longest time that a client got nothing; ${DRAIN_MS} ms of the downtime's reason is the drain`] };
    }),
};

async function replace(before: ChildProcess, start: () => ChildProcess, { port, streams }: { port: number; streams: number }): Promise<Figures> {
  const url = `http://127.0.0.1:${port}`;
  await whenReady(url, before);
  await index(url, streams);
  const next = start();
  const clients: StreamClient[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    for (let at = 0; at < streams; at += 1) clients.push(new StreamClient(url, at));
    await Promise.all(clients.map((client) => client.hasText));
    const signalledMs = performance.now();
    before.kill('SIGTERM');
    const [exitCode] = (await once(before, 'exit')) as [number | null];
    const exitedMs = performance.now();
    await whenReady(url, next);
    const readyMs = performance.now();
    await Promise.all(clients.map((client) => client.ended));
    return {
      incomplete_answers: clients.filter((client) => !client.isComplete).length,
      turns_with_two_ends: clients.filter(({ ends }) => ends > 1).length,
      exit_code: exitCode ?? NaN,
      cut_answers: clients.filter(({ wasCut }) => wasCut).length,
      stop_ms: exitedMs - signalledMs,
      takeover_ms: readyMs - exitedMs,
      silence_p99_ms: quantile(clients.map(({ silenceMs }) => silenceMs), 0.99),
    };
  } finally {
    for (const client of clients) client.close();
    for (const child of [before, next]) child.kill('SIGKILL');
  }
}

/** A subject of its own for each stream, so that no two share an answer. */
async function index(url: string, streams: number): Promise<void> {
  const documents = Array.from({ length: streams }, (_, at) => {
    const steps = Array.from({ length: 6 }, (__, step) => `wheel ${at}-${step}, then lever ${at}-${step}`).join(', then ');
    return { id: `device${at}`, title: `Device${at}`, text: `# Device${at}\n\nThe device${at} is a machine that turns ${steps}.` };
  });
  const body = JSON.stringify({ documents, wait: true });
  const response = await fetch(`${url}/index`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!response.ok) throw new Error(await response.text());
}

/** One conversation with one question. */
class StreamClient {
  readonly #banyan: Banyan;
  readonly #answer: Answer;
  readonly #firstText = Promise.withResolvers<void>();
  readonly hasText = this.#firstText.promise;
  readonly ended: Promise<void>;
  ends = 0;
  isComplete = false;
  wasCut = false;
  silenceMs = 0;
  #heardMs = performance.now();

  constructor(url: string, at: number) {
    this.#banyan = connect({ url });
    this.#banyan.onFrame(({ type }) => {
      const now = performance.now();
      this.silenceMs = Math.max(this.silenceMs, now - this.#heardMs);
      this.#heardMs = now;
      if (type === 'answer-end' || type === 'answer-error') this.ends += 1;
    });
    this.#banyan.onStatus(({ state }) => (this.wasCut ||= state === 'waiting'));
    this.#answer = this.#banyan.ask(`What is the device${at}?`);
    this.ended = this.#read().catch(() => undefined);
  }

  close(): void {
    this.#banyan.close();
  }

  /** Complete: its pieces are the answer, which goes to the last word of its document. */
  async #read(): Promise<void> {
    let text = '';
    for await (const event of this.#answer) text = this.#add(text, event);
    this.isComplete = text === (await this.#answer.text()) && /lever \d+-5\.$/.test(text);
  }

  #add(text: string, event: AnswerEvent): string {
    if (event.type === 'delta') this.#firstText.resolve();
    if (event.type === 'delta') return text + event.text;
    return event.type === 'reset' ? event.text : text;
  }
}
