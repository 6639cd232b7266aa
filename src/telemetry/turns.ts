import type { TurnSummary } from '#agents/session/session.agent.ts';
import { costOf, modelProfile } from '#config/model-table.ts';
import type { QuestionOutcome } from '#agents/rag/rag.agent.ts';
import type { AnswerEnd } from '#src/ports/answer.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** Which of the statistics a turn counts for (features A24). */
export function outcomeOfTurn({ outcome }: TurnSummary): QuestionOutcome {
  if (outcome.state === 'failed') return 'error';
  if (outcome.end.finish === 'cancelled') return 'cancelled';
  return outcome.end.cache_hit ? 'hit' : 'miss';
}

/** Counts, times and logs the end of a turn: one line for each question. */
export function recordTurn(summary: TurnSummary, logger: Logger, metrics: Metrics): void {
  const { session, turn, question, outcome, latencyMs } = summary;
  metrics.queries.inc();
  metrics.queryDuration.observe(latencyMs / 1000);
  const fields = { session, turn, query: question, latency_ms: Math.round(latencyMs * 100) / 100 };
  if (outcome.state === 'failed') {
    metrics.errors.inc({ type: outcome.error.code });
    logger.warn({ ...fields, code: outcome.error.code }, 'Query failed');
    return;
  }
  const { cache_hit, sources, finish } = outcome.end;
  if (cache_hit) metrics.cacheHits.inc();
  else if (finish !== 'cancelled') metrics.cacheMisses.inc();
  const spent = cache_hit ? {} : recordSpending(outcome.end, metrics);
  logger.info({ ...fields, cache_hit, sources: sources.length, finish, ...spent }, 'Query processed');
}

/** What the answer has cost, for its line in the log. An answer from the cache costs nothing. */
function recordSpending({ model, usage }: AnswerEnd, metrics: Metrics): object {
  const { input_tokens, output_tokens } = usage;
  metrics.tokens.inc({ model, direction: 'input' }, input_tokens);
  metrics.tokens.inc({ model, direction: 'output' }, output_tokens);
  const cost = costOf(modelProfile(model), usage);
  if (cost !== undefined && cost > 0) metrics.cost.inc({ model }, cost);
  return { model, input_tokens, output_tokens, ...(cost === undefined ? {} : { cost_usd: cost }) };
}
