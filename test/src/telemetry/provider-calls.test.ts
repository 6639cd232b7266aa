import { describe, expect, test } from 'vitest';
import type { CallReport } from '#agents/governor/governor.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { createMetrics } from '#src/telemetry/metrics.ts';
import { recordCall } from '#src/telemetry/provider-calls.ts';

const ACCOUNT = 'gemini/key-1/gemini-3.8-flash';

async function record(...reports: Partial<CallReport>[]): Promise<{ readonly lines: Record<string, unknown>[]; readonly metrics: string }> {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const loggerFor = await createLogging({ level: 'debug', isPretty: false, destination });
  const metrics = createMetrics({ withProcess: false });
  for (const report of reports) recordCall({ account: ACCOUNT, outcome: 'ok', durationMs: 250, queuedMs: 10, ...report }, loggerFor('providers'), metrics);
  return { lines, metrics: await metrics.registry.metrics() };
}

describe('a call to a provider', () => {
  test('is counted by account and outcome, and timed in seconds', async () => {
    const { metrics, lines } = await record({}, {}, { outcome: 'timeout', durationMs: 8000 });
    expect(metrics).toContain(`banyan_provider_calls_total{account="${ACCOUNT}",outcome="ok"} 2`);
    expect(metrics).toContain(`banyan_provider_calls_total{account="${ACCOUNT}",outcome="timeout"} 1`);
    expect(metrics).toContain(`banyan_provider_call_duration_seconds_sum{account="${ACCOUNT}"} 8.5`);
    expect(lines).toHaveLength(1);
  });

  test('that failed is a line with account, outcome and times', async () => {
    const { lines } = await record({ outcome: 'unavailable', durationMs: 12.6, queuedMs: 0.4 });
    expect(lines).toMatchObject([{ level: 'warn', target: 'providers', account: ACCOUNT, outcome: 'unavailable', duration_ms: 13, queued_ms: 0 }]);
  });

  test('that the provider refused is a line with its reason, its status and its own id of the request', async () => {
    const failure = new ProviderError('unavailable', ACCOUNT, 'overloaded', { status: 503, requestId: 'req-7' });
    const { lines } = await record({ outcome: 'unavailable', failure });
    expect(lines).toMatchObject([{ reason: `${ACCOUNT}: overloaded`, status: 503, request_id: 'req-7' }]);
  });

  test('that nothing was sent for is counted and not timed', async () => {
    const { metrics } = await record({ outcome: 'refused', durationMs: 0 });
    expect(metrics).toContain(`banyan_provider_calls_total{account="${ACCOUNT}",outcome="refused"} 1`);
    expect(metrics).not.toContain('banyan_provider_call_duration_seconds_count');
  });

  test.for(['ok', 'aborted', 'refused'] as const)('that is %s is no line', async (outcome) => {
    expect((await record({ outcome })).lines).toEqual([]);
  });
});
