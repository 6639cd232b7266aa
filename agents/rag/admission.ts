import { cached } from '#agents/cache/cache.agent.ts';
import type { Answer, Question, StepDependencies } from '#agents/query/query.agent.ts';
import { QUERIES, querySpec } from '#agents/query/query.agent.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { SearchRequest } from '#src/ports/store.ts';
import { normaliseQuestion } from '#src/rag/normalise.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import type { KeyParts } from './cache-keys.ts';
import { answerKey, retrievalKey } from './cache-keys.ts';
import type { Opened, RagQuestion } from './rag.events.ts';

export interface AdmissionOptions extends Omit<StepDependencies, 'store' | 'model'> {
  /** By id; the first is used where the asker names none. */
  readonly models: ReadonlyMap<string, LanguageModel>;
  readonly topK: number;
}

const DEFAULT_LANGUAGE = 'en';

/** Where a question goes: to an answer that was kept, to the query that runs for the same question, or to a new one. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  lookUp(asked: RagQuestion): Answer | undefined {
    const parts = this.#keyParts(asked, normaliseQuestion(asked.text));
    return parts === undefined ? undefined : cached<Answer>(this.#options.kernel, 'answer', answerKey(parts));
  }

  /**
   * The registry is the table of flights: a query is named after its answer's key, so the same question finds it.
   * Rejects with OVERLOADED when as many queries run as may.
   */
  async open(asked: RagQuestion): Promise<Opened> {
    const question = this.#prepare(asked);
    const answer = question.keys === undefined ? undefined : cached<Answer>(this.#options.kernel, 'answer', question.keys.answer);
    if (answer !== undefined) return { kind: 'cached', answer };
    const name = `query:${question.keys?.answer ?? crypto.randomUUID()}`;
    const { kernel, fuse, deadlines } = this.#options;
    const dependencies = { kernel, fuse, deadlines, store: asked.store, model: this.#model(asked) };
    await ensureChild(kernel, QUERIES, querySpec(name, dependencies, question));
    return { kind: 'query', name };
  }

  #prepare(asked: RagQuestion): Question {
    const text = normaliseQuestion(asked.text);
    const parts = this.#keyParts(asked, text);
    const keys = parts === undefined ? undefined : { answer: answerKey(parts), retrieval: retrievalKey(parts) };
    return { text, options: asked.options, search: this.#searchRequest(text, asked.options), keys };
  }

  /** Undefined while the epoch of the documents is not known. */
  #keyParts(asked: RagQuestion, question: string): KeyParts | undefined {
    const { store, options } = asked;
    const epoch = store.knowledge.epoch();
    if (epoch === undefined) return undefined;
    return { tenant: store.tenant, epoch, question, options, search: this.#searchRequest(question, options), model: this.#model(asked).id };
  }

  #searchRequest(question: string, { top_k, filter, language }: RagQuestion['options']): SearchRequest {
    const request = { question, limit: top_k ?? this.#options.topK, language: language ?? DEFAULT_LANGUAGE };
    return filter === undefined ? request : { ...request, filter };
  }

  #model({ options }: RagQuestion): LanguageModel {
    const { models } = this.#options;
    const [first] = models.values();
    const model = options.model === undefined ? first : models.get(options.model);
    if (model === undefined) throw new TypeError(`model ${options.model} was let in and is not known`);
    return model;
  }
}
