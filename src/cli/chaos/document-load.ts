import { ServiceError } from '#src/errors.ts';
import { request, Unreachable } from '../service-client.ts';
import { createRandom, pickOne } from './random.ts';

interface Job {
  readonly id: string;
  readonly state: string;
}

/** Enough that a job runs for a while after it was accepted. */
const DOCUMENTS = 40;
const WORDS = 600;
const SENTENCE_WORDS = 12;
const POLL_MS = 100;
const SYLLABLES = ['ba', 'do', 'fe', 'gi', 'ka', 'lu', 'mo', 'ne', 'pi', 'ra', 'so', 'tu'];

/** Documents that are taken in while parts of the service die, always the same ones with another text. */
export class DocumentLoad {
  readonly #service: URL;
  readonly #random: () => number;
  readonly #jobs: string[] = [];

  constructor(service: URL, seed: number) {
    this.#service = service;
    this.#random = createRandom(seed);
  }

  get accepted(): number {
    return this.#jobs.length;
  }

  /** Hands documents in. Resolves with the job that was accepted. */
  async begin(): Promise<string> {
    const documents = Array.from({ length: DOCUMENTS }, (_, index) => ({ id: `chaos/${index}`, text: this.#text() }));
    const { job } = await request<{ readonly job: string }>(this.#service, 'index', { body: { documents } });
    this.#jobs.push(job);
    return job;
  }

  /** Waits until the jobs have ended, at most so long. Resolves with how many did not succeed. */
  async unfinished(timeoutMs: number): Promise<number> {
    const giveUpAt = performance.now() + timeoutMs;
    let open = [...this.#jobs];
    while (open.length > 0 && performance.now() < giveUpAt) {
      const states = await Promise.all(open.map((id) => this.#stateOf(id)));
      open = open.filter((_, index) => states[index] !== 'succeeded');
      if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return open.length;
  }

  async #stateOf(id: string): Promise<string | undefined> {
    return request<Job>(this.#service, `jobs/${id}`).then(({ state }) => state, ifAway);
  }

  #text(): string {
    const words = Array.from({ length: WORDS }, (_, index) => `${this.#word()}${index % SENTENCE_WORDS === SENTENCE_WORDS - 1 ? '.' : ''}`);
    return words.join(' ');
  }

  #word(): string {
    return Array.from({ length: 3 }, () => pickOne(SYLLABLES, this.#random)).join('');
  }
}

/** Undefined where the service, or the part that was asked, is away just now. */
export function ifAway(error: unknown): undefined {
  if (error instanceof Unreachable || error instanceof ServiceError) return undefined;
  throw error;
}
