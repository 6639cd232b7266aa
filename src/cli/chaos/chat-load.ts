import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '#src/client/api.ts';
import { BanyanError, connect } from '#src/client/client.ts';
import { ChatLine } from './chat-line.ts';
import { createRandom, pickOne } from './random.ts';
import type { Breach } from './session-account.ts';
import { SessionAccount } from './session-account.ts';

export interface ChatLoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly seed: number;
  readonly onBreach: (breach: Breach) => void;
  /** How long after the death of the process a client had its first frame. */
  readonly onReturn: (returnMs: number) => void;
}

/** What became of the questions, from the readers' side. */
export interface Tally {
  asked: number;
  answered: number;
  /** Questions without an answer by the code of their error. */
  readonly errors: Map<string, number>;
  /** Times that a reader was told to replace what it had read. */
  resets: number;
}

/** Each has an answer in Banyan's own guides, with which an empty store begins. */
const QUESTIONS = [
  'How does Banyan restart a failed child?',
  'What is a session?',
  'What does accepted mean?',
  'How long are frames kept?',
  'What happens when a part crashes?',
  'How do I stop an answer?',
  'What is a supervisor?',
  'What does the budget of a supervisor do?',
  'What is a source and what is a citation?',
  'How does a client resume a stream after a reconnect?',
  'What is a crash capsule?',
  'What happens when the client goes away?',
];
/** Of the questions these have an answer of their own; the others may find theirs in the cache or running. */
const UNSHARED_SHARE = 0.75;
const PAUSE_MS = { min: 0, max: 1000 };
const BREAK_AFTER_MS = { min: 3000, max: 20_000 };
/** Most lines are back at once, some stay away. */
const AWAY_SHARE = 0.3;
const AWAY_MS = { min: 200, max: 3000 };
/** Clients come one after the other, as people do. */
const RAMP_MS = 2000;

/** Clients that ask, read, lose their line and come back, each in a session of its own. */
export class ChatLoad {
  readonly accounts: readonly SessionAccount[];
  readonly tally: Tally = { asked: 0, answered: 0, errors: new Map(), resets: 0 };
  readonly #options: ChatLoadOptions;
  readonly #lines: readonly ChatLine[];
  readonly #stop = new AbortController();
  readonly #closed = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: ChatLoadOptions) {
    this.#options = options;
    this.accounts = Array.from({ length: options.clients }, () => new SessionAccount(options.onBreach));
    this.#lines = this.accounts.map((account) => new ChatLine(account, options.onReturn));
  }

  start(): void {
    this.#work = Promise.all(this.#lines.map((line, index) => this.#chat(line, createRandom(this.#options.seed + index + 1))));
  }

  serviceKilled(atMs: number): void {
    for (const line of this.#lines) line.serviceKilled(atMs);
  }

  /** Asks nothing more and waits until all is answered, at most so long; then the clients go. */
  async finish(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    await Promise.race([this.#work, sleep(timeoutMs, undefined, { ref: false })]);
    this.#closed.abort();
  }

  async #chat(line: ChatLine, random: () => number): Promise<void> {
    await this.#pause(random() * RAMP_MS);
    if (this.#stop.signal.aborted) return;
    const banyan = connect({ url: this.#options.url, WebSocket: line.WebSocket });
    this.#closed.signal.addEventListener('abort', () => banyan.close(), { once: true });
    void this.#breakNowAndThen(line, random);
    while (!this.#stop.signal.aborted) {
      this.tally.asked += 1;
      // A temperature changes no quote, and makes the question one that nobody else asks.
      const options = random() < UNSHARED_SHARE ? { temperature: random() } : {};
      await this.#read(banyan.ask(pickOne(QUESTIONS, random) ?? '', options));
      await this.#pause(between(PAUSE_MS, random));
    }
    if (!this.#closed.signal.aborted) banyan.close();
  }

  async #read(answer: Answer): Promise<void> {
    try {
      for await (const event of answer) if (event.type === 'reset') this.tally.resets += 1;
      this.tally.answered += 1;
    } catch (error) {
      if (!(error instanceof BanyanError)) throw error;
      this.tally.errors.set(error.code, (this.tally.errors.get(error.code) ?? 0) + 1);
    }
  }

  async #breakNowAndThen(line: ChatLine, random: () => number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#pause(between(BREAK_AFTER_MS, random));
      if (!this.#stop.signal.aborted) line.break(random() < AWAY_SHARE ? between(AWAY_MS, random) : 0);
    }
  }

  async #pause(durationMs: number): Promise<void> {
    const { signal } = this.#stop;
    if (!signal.aborted) await sleep(durationMs, undefined, { signal }).catch(() => undefined);
  }
}

function between({ min, max }: { readonly min: number; readonly max: number }, random: () => number): number {
  return min + random() * (max - min);
}
