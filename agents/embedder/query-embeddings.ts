import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { abortError, orAborted, retryProvider, withTimeout } from '#agents/governor/governor.agent.ts';
import type { GuardOptions } from '#agents/governor/governor.agent.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { embedThrough } from './embed-through.ts';

export interface EmbeddingAsk {
  readonly signal: AbortSignal;
  /** Monotonic, as `kernel.clock.now()`. */
  readonly deadlineMs: number;
  /** Who shares fairly with others: a session. @defaultValue 'query' */
  readonly owner?: string;
}

export interface QueryEmbeddingsOptions {
  readonly guards: GuardOptions;
  readonly model: EmbeddingModel;
  /** The same model by other keys or regions, in order of preference. */
  readonly otherRoutes?: readonly EmbeddingModel[];
  /** Vectors that are kept: 4 KB and a half for one of 1024 dimensions. 0 keeps none. */
  readonly maxEntries: number;
}

const ATTEMPTS = 3;

/** One call for all who ask the same at the same time. It is given up when the last of them is gone; until then its failure is theirs, too. */
class Flight {
  readonly #controller = new AbortController();
  #askers = 0;
  deadlineMs = 0;
  vector: Promise<Float32Array> | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  join(deadlineMs: number): void {
    this.#askers += 1;
    this.deadlineMs = Math.max(this.deadlineMs, deadlineMs);
  }

  /** @param reasonOf why, where this was the last one; making an error costs more than what is left */
  leave(reasonOf: () => unknown): void {
    this.#askers -= 1;
    if (this.#askers === 0) this.abort(reasonOf());
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

/** Vectors of questions: kept by text, the one that was not asked for longest goes first. */
export class QueryEmbeddings {
  readonly #guards: GuardOptions;
  readonly #model: EmbeddingModel;
  readonly #routes: readonly EmbeddingModel[];
  /** Undefined where none are kept. */
  readonly #vectors: LRUCache<string, Float32Array> | undefined;
  readonly #flights = new Map<string, Flight>();

  constructor({ guards, model, otherRoutes = [], maxEntries }: QueryEmbeddingsOptions) {
    this.#guards = guards;
    this.#model = model;
    this.#routes = [model, ...otherRoutes];
    this.#vectors = maxEntries === 0 ? undefined : new LRUCache({ max: maxEntries });
  }

  /**
   * The vector of a question, which all who asked for it share: not to be written to. Rejects with ProviderError: that of
   * the call, `timeout` after the deadline, the reason of the signal.
   */
  async embed(text: string, ask: EmbeddingAsk): Promise<Float32Array> {
    const normalised = text.normalize('NFC').trim();
    const key = this.#key(normalised);
    return this.#vectors?.get(key) ?? this.#await(this.#flight(key, normalised, ask), ask);
  }

  /** Ends all calls under way. */
  close(): void {
    for (const flight of this.#flights.values()) flight.abort(new ProviderError('unavailable', this.#model.account, 'the embeddings of questions restart'));
  }

  #key(text: string): string {
    const { id, dimension } = this.#model;
    return hash('sha256', JSON.stringify([id, dimension, 'query', text]), 'base64url');
  }

  #flight(key: string, text: string, ask: EmbeddingAsk): Flight {
    return this.#flights.get(key) ?? this.#start(key, text, ask);
  }

  #start(key: string, text: string, { deadlineMs, owner = 'query' }: EmbeddingAsk): Flight {
    const flight = new Flight();
    flight.deadlineMs = deadlineMs;
    this.#flights.set(key, flight);
    const forget = (): void => void (this.#flights.get(key) === flight && this.#flights.delete(key));
    flight.vector = this.#call(text, flight, owner).then((vector) => {
      this.#vectors?.set(key, vector);
      forget();
      return vector;
    });
    flight.vector.catch(() => undefined); // told to all who ask
    flight.signal.addEventListener('abort', forget, { once: true });
    return flight;
  }

  /** The deadline is that of the asker who waits longest, also of one who has come later. */
  async #call(text: string, flight: Flight, owner: string): Promise<Float32Array> {
    const { vectors } = await embedThrough(this.#routes, (route, isLast) => {
      const call = {
        account: route.account,
        priority: 'live',
        owner,
        signal: flight.signal,
        attempts: isLast ? ATTEMPTS : 1,
        get deadlineMs() {
          return flight.deadlineMs;
        },
      } as const;
      return retryProvider(this.#guards, call, (signal) => route.embed([text], 'query', signal));
    });
    const [vector] = vectors;
    if (vector === undefined) throw new ProviderError('bad_response', this.#model.account, 'gave no vector');
    return vector;
  }

  async #await(flight: Flight, { signal, deadlineMs }: EmbeddingAsk): Promise<Float32Array> {
    const { clock } = this.#guards.kernel;
    const { account } = this.#model;
    flight.join(deadlineMs);
    return withTimeout(clock, signal, deadlineMs - clock.now(), async (timed) => {
      try {
        return await orAborted(account, timed, flight.vector ?? Promise.reject(new TypeError('a flight without a call')));
      } finally {
        flight.leave(() => (timed.aborted ? abortError(account, timed) : undefined));
      }
    });
  }
}
