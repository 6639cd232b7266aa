import type { Degraded, Finish, Usage } from '#src/ports/answer.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';

export interface WrittenAnswer {
  readonly finish: Exclude<Finish, 'cancelled'>;
  /** Of all attempts; of those that broke off it is estimated. */
  readonly usage: Usage;
  /** The id of the model that ended the answer. */
  readonly model: string;
  readonly degraded: readonly Degraded[];
  /** Another model than the first wrote some of it, or nobody knows who did: not for the cache. */
  readonly isFallback: boolean;
  readonly attempts: readonly { readonly model: string; readonly failure?: ProviderFailure }[];
  /** The ids of sources that had no room in the prompt of the model that ended the answer. */
  readonly leftOut: readonly string[];
}

/** Who has written an answer, and what it cost. */
export class AnswerRecord {
  /** The id of the model that is asked first, by whichever of its keys or regions. */
  readonly #firstModel: string | undefined;
  readonly #attempts: { model: string; failure?: ProviderFailure }[] = [];
  #usage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  #isFallback: boolean;
  leftOut: readonly string[] = [];

  /** @param isBegun whether there is text already, of which nobody knows who wrote it */
  constructor(firstModel: string | undefined, isBegun: boolean) {
    this.#firstModel = firstModel;
    this.#isFallback = isBegun;
  }

  get hasAttempts(): boolean {
    return this.#attempts.length > 0;
  }

  /** Some of the answer is this model's. */
  noteWriter({ id }: LanguageModel): void {
    if (id !== this.#firstModel) this.#isFallback = true;
  }

  noteFailure({ id }: LanguageModel, failure: ProviderFailure): void {
    this.#attempts.push({ model: id, failure });
  }

  spend({ input_tokens, output_tokens, total_tokens }: Usage): void {
    this.#usage = {
      input_tokens: this.#usage.input_tokens + input_tokens,
      output_tokens: this.#usage.output_tokens + output_tokens,
      total_tokens: this.#usage.total_tokens + total_tokens,
    };
  }

  /** The answer that the model has ended. */
  ended(model: LanguageModel, finish: WrittenAnswer['finish']): WrittenAnswer {
    this.#attempts.push({ model: model.id });
    return this.#written(model, finish);
  }

  /** The answer that the model was not let write; its failure is noted. */
  refused(model: LanguageModel): WrittenAnswer {
    return this.#written(model, 'refused');
  }

  /** The answer that quotes have ended, which is degraded where they stand for models that did not answer. */
  quoted(extractive: LanguageModel, finish: WrittenAnswer['finish']): WrittenAnswer {
    this.noteWriter(extractive);
    this.leftOut = [];
    return { ...this.ended(extractive, finish), degraded: extractive.id === this.#firstModel ? [] : ['model'] };
  }

  #written({ id }: LanguageModel, finish: WrittenAnswer['finish']): WrittenAnswer {
    return { finish, usage: this.#usage, model: id, degraded: [], isFallback: this.#isFallback, attempts: this.#attempts, leftOut: this.leftOut };
  }
}
