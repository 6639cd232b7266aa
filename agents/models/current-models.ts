import type { Candidate } from '#agents/query/query.agent.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { ModelChoice } from './models.events.ts';

export interface ModelsCatalogue {
  /** The routes to a model. Throws CONFIG_INVALID for one that cannot be used. */
  readonly routesOf: (id: string) => readonly Candidate[];
  readonly extractive: LanguageModel;
}

/** Which models answer now: the table of the process `models`. A change holds from the next turn on. */
export class CurrentModels {
  readonly #catalogue: ModelsCatalogue;
  readonly #onChange: (choice: ModelChoice) => void;
  #choice: ModelChoice;
  #candidates: ReadonlyMap<string, readonly Candidate[]>;

  /** Throws CONFIG_INVALID for a model that cannot be used. */
  constructor(catalogue: ModelsCatalogue, choice: ModelChoice, onChange: (choice: ModelChoice) => void = () => undefined) {
    this.#catalogue = catalogue;
    this.#onChange = onChange;
    this.#choice = choice;
    this.#candidates = this.#make(choice);
  }

  get choice(): ModelChoice {
    return this.#choice;
  }

  /** Throws CONFIG_INVALID for a model that cannot be used; then nothing has changed. */
  change(choice: ModelChoice): void {
    this.#candidates = this.#make(choice);
    this.#choice = choice;
    this.#onChange(choice);
  }

  /** The CONFIG_INVALID of a choice with a model that cannot be used. */
  refusalOf(choice: ModelChoice): unknown {
    try {
      this.#make(choice);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** The id of the model that is asked first. */
  first(wanted?: string): string {
    return wanted ?? this.#choice.models[0] ?? this.#catalogue.extractive.id;
  }

  /** Every model that an asker may name. */
  get ids(): readonly string[] {
    return [...new Set([...this.#choice.models, this.#catalogue.extractive.id])];
  }

  /** The accounts through which a model is asked, in order. */
  accounts(id: string): string[] {
    return (this.#candidates.get(id) ?? []).map(({ model }) => model.account);
  }

  /** Who answers, in order: the one that was asked for, then the others. */
  candidates(wanted?: string): readonly Candidate[] {
    const order = [...new Set([this.first(wanted), ...this.#choice.models])];
    return order.flatMap((id) => this.#candidates.get(id) ?? []);
  }

  /** The extractive model is one object, by which the writer knows it. */
  #make({ models }: ModelChoice): ReadonlyMap<string, readonly Candidate[]> {
    const { extractive, routesOf } = this.#catalogue;
    const ids = [...new Set([...models, extractive.id])];
    return new Map(ids.map((id) => [id, routesOf(id).map((route) => (id === extractive.id ? { ...route, model: extractive } : route))]));
  }
}
