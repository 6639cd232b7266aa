import type { CallReport } from '#agents/governor/governor.agent.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Outcomes that say nothing of a provider's health. */
const QUIET: ReadonlySet<CallReport['outcome']> = new Set(['ok', 'aborted', 'refused']);

/** An answer whose model had no room for all that was found. */
export interface ShortenedPrompt {
  readonly model: string;
  readonly found: number;
  readonly leftOut: number;
}

export function recordShortened({ model, found, leftOut }: ShortenedPrompt, logger: Logger, metrics: Metrics): void {
  metrics.shortenedPrompts.inc({ model });
  logger.warn({ model, found, left_out: leftOut }, 'Prompt was shortened to the context of its model');
}

/** Counts and times a call to a provider; failures are logged. */
export function recordCall({ account, outcome, durationMs, queuedMs, failure }: CallReport, logger: Logger, metrics: Metrics): void {
  metrics.providerCalls.inc({ account, outcome });
  if (outcome !== 'refused') metrics.providerCallDuration.observe({ account }, durationMs / 1000);
  if (QUIET.has(outcome)) return;
  const said = { reason: failure?.message, status: failure?.status, request_id: failure?.requestId };
  logger.warn({ account, outcome, ...said, duration_ms: Math.round(durationMs), queued_ms: Math.round(queuedMs) }, 'Provider call failed');
}
