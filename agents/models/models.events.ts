import type { Asked } from '#supervisors/kernel/process.ts';

/** Which models answer, and how freely. */
export interface ModelChoice {
  /** Ids `provider:model`, in order. */
  readonly models: readonly string[];
  readonly temperature: number;
  /** Who chose: the settings at the start, or an operator since. */
  readonly source: 'settings' | 'operator';
  /** Milliseconds since the epoch; null for the settings. */
  readonly changedAt: number | null;
}

export type ModelsEvent = { readonly type: 'change'; readonly choice: ModelChoice } & Asked<void>;
