import type { AutoShutdown, SpecError } from './child-spec.ts';
import { AUTO_SHUTDOWNS, isWholeFrom } from './child-spec.ts';

export const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** When to give up: more than `intensity` restarts within `periodMs`. */
export interface RestartBudget {
  /** @defaultValue 1 for a static supervisor (OTP), 3 for a dynamic one (Elixir) */
  readonly intensity?: number;
  /** @defaultValue 5000 */
  readonly periodMs?: number;
}

export interface SupervisorFlags extends RestartBudget {
  /** @defaultValue one_for_one */
  readonly strategy?: Strategy;
  /** @defaultValue never */
  readonly autoShutdown?: AutoShutdown;
}

export const DEFAULT_INTENSITY = 1;
export const DEFAULT_DYNAMIC_INTENSITY = 3;
export const DEFAULT_PERIOD_MS = 5000;

type Loose = { readonly [Key in keyof SupervisorFlags]?: unknown };

export function checkFlags(flags: Loose): SpecError | undefined {
  const { strategy, autoShutdown } = flags;
  if (strategy !== undefined && !STRATEGIES.includes(strategy as Strategy)) return { tag: 'invalid_strategy', value: strategy };
  const budget = checkBudget(flags);
  if (budget !== undefined) return budget;
  if (autoShutdown === undefined || AUTO_SHUTDOWNS.includes(autoShutdown as AutoShutdown)) return undefined;
  return { tag: 'invalid_auto_shutdown', value: autoShutdown };
}

export function checkBudget({ intensity, periodMs }: Loose): SpecError | undefined {
  if (intensity !== undefined && !isWholeFrom(0, intensity)) return { tag: 'invalid_intensity', value: intensity };
  if (periodMs !== undefined && !isWholeFrom(1, periodMs)) return { tag: 'invalid_period', value: periodMs };
  return undefined;
}
