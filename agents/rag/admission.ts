import { cached } from '#agents/cache/cache.agent.ts';
import type { CurrentModels } from '#agents/models/models.agent.ts';
import { currentModels, whenModels } from '#agents/models/models.agent.ts';
import type { Answer, Question, Retrieved, StepDependencies } from '#agents/query/query.agent.ts';
import { beginSearches, ExpectedSearches, QUERIES, querySpec } from '#agents/query/query.agent.ts';
import type { AskOptions, Source } from '#src/ports/answer.ts';
import type { SearchRequest } from '#src/ports/store.ts';
import { normaliseQuestion } from '#src/rag/normalise.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import type { KeyParts } from './cache-keys.ts';
import { answerKey, retrievalKey } from './cache-keys.ts';
import type { ExpectedQuestion, Opened, OpenQuestion, RagQuestion } from './rag.events.ts';

export interface AdmissionOptions {
  readonly steps: Omit<StepDependencies, 'store'>;
  readonly topK: number;
  /** Names what finds evidence: other parts find other evidence. */
  readonly retrieval: string;
}

const DEFAULT_LANGUAGE = 'en';

/** Where a question goes: to an answer that was kept, to the query that runs for the same question, or to a new one. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #expected: ExpectedSearches;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    const { guards, limits } = options.steps;
    this.#expected = new ExpectedSearches(guards.kernel.clock, limits.embeddingMs + limits.searchMs);
  }

  lookUp(asked: RagQuestion): Answer | undefined {
    const { kernel } = this.#options.steps.guards;
    const models = currentModels(kernel);
    const parts = models === undefined ? undefined : this.#keyParts(asked, normaliseQuestion(asked.text), models);
    return parts === undefined ? undefined : cached<Answer>(kernel, 'answer', answerKey(parts));
  }

  expect({ store, text, options, owner }: ExpectedQuestion, signal: AbortSignal): void {
    const { steps } = this.#options;
    const { dense, guards } = steps;
    const models = currentModels(guards.kernel);
    if (dense === undefined || models === undefined) return;
    const keys = this.#keyParts({ store, text, options }, normaliseQuestion(text), models);
    if (keys === undefined || this.#isAnswered(keys)) return;
    const { search } = keys;
    this.#expected.begin(retrievalKey(keys), signal, (inner, show) => beginSearches({ ...steps, store }, dense, { search, owner, signal: inner, show }));
  }

  /** Or will be, by what is known or runs. */
  #isAnswered(parts: KeyParts): boolean {
    const { kernel } = this.#options.steps.guards;
    const key = answerKey(parts);
    return cached(kernel, 'answer', key) !== undefined || cached(kernel, 'retrieval', retrievalKey(parts)) !== undefined || kernel.whereis(queryName(key)) !== undefined;
  }

  /**
   * The registry is the table of flights: a query is named after its answer's key, so the same question finds it. What
   * goes on from a text that was sent, by a query that is gone, has a query of its own.
   * Rejects with OVERLOADED when as many queries run as may, and ACTOR_DOWN.
   */
  async open(asked: OpenQuestion): Promise<Opened> {
    const { steps } = this.#options;
    const { kernel } = steps.guards;
    const question = this.#prepare(asked, await whenModels(kernel));
    const answer = question.keys === undefined ? undefined : cached<Answer>(kernel, 'answer', question.keys.answer);
    if (answer?.answer.startsWith(asked.sent) === true) return { kind: 'cached', answer };
    const shared = question.keys === undefined ? undefined : queryName(question.keys.answer);
    const isShared = shared !== undefined && (asked.sent === '' || kernel.whereis(shared) !== undefined);
    const name = isShared ? shared : queryName(crypto.randomUUID());
    await ensureChild(kernel, QUERIES, querySpec(name, { ...steps, store: asked.store, expected: this.#expected }, question));
    return { kind: 'query', name };
  }

  #prepare(asked: OpenQuestion, models: CurrentModels): Question {
    const { options, owner, deadlineMs, sent: sentText } = asked;
    const text = normaliseQuestion(asked.text);
    const parts = this.#keyParts(asked, text, models);
    const known = parts === undefined ? undefined : { answer: answerKey(parts), retrieval: retrievalKey(parts) };
    const sentSources = this.#willBeFound(asked.sentSources, known?.retrieval) ? undefined : asked.sentSources;
    const keys = sentSources === undefined ? known : undefined;
    const candidates = models.candidates(options.model);
    const temperature = options.temperature ?? models.choice.temperature;
    return { text, options, search: this.#searchRequest(text, options), keys, candidates, temperature, owner, deadlineMs, sentText, sentSources };
  }

  #willBeFound(sources: readonly Source[] | undefined, key: string | undefined): boolean {
    const { kernel } = this.#options.steps.guards;
    const found = key === undefined ? undefined : cached<Retrieved>(kernel, 'retrieval', key);
    return sources !== undefined && found?.sources.length === sources.length && found.sources.every(({ id, text }, at) => id === sources[at]?.id && text === sources[at]?.text);
  }

  /** Undefined while the epoch of the documents is not known. */
  #keyParts({ store, options }: RagQuestion, question: string, models: CurrentModels): KeyParts | undefined {
    const epoch = store.knowledge.epoch();
    if (epoch === undefined) return undefined;
    const { retrieval } = this.#options;
    const temperature = options.temperature ?? models.choice.temperature;
    const search = this.#searchRequest(question, options);
    return { tenant: store.tenant, epoch, question, rerank: options.rerank ?? true, search, retrieval, model: models.first(options.model), temperature };
  }

  #searchRequest(question: string, { top_k, filter, language }: AskOptions): SearchRequest {
    const request = { question, limit: top_k ?? this.#options.topK, language: language ?? DEFAULT_LANGUAGE };
    return filter === undefined ? request : { ...request, filter };
  }
}

function queryName(key: string): string {
  return `query:${key}`;
}
