import { register } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '#src/telemetry/metrics.ts';

describe('createMetrics', () => {
  test('has every metric of the contract, with its type', async () => {
    const text = await createMetrics({ withProcess: false }).registry.metrics();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(types).toEqual(
      expect.arrayContaining([
        'rag_queries_total counter',
        'rag_query_duration_seconds histogram',
        'rag_cache_hits_total counter',
        'rag_cache_misses_total counter',
        'rag_errors_total counter',
        'rag_active_requests gauge',
        'banyan_actor_restarts_total counter',
        'banyan_actor_restart_seconds histogram',
      ]),
    );
  });

  test('counters stand at 0 before anything has happened', async () => {
    const text = await createMetrics({ withProcess: false }).registry.metrics();
    expect(text).toContain('\nrag_queries_total 0\n');
    expect(text).toContain('\nrag_cache_hits_total 0\n');
  });

  test('a query falls into its bucket', async () => {
    const metrics = createMetrics({ withProcess: false });
    metrics.queryDuration.observe(0.09);
    const text = await metrics.registry.metrics();
    expect(text).toContain('rag_query_duration_seconds_bucket{le="0.05"} 0');
    expect(text).toContain('rag_query_duration_seconds_bucket{le="0.1"} 1');
  });

  test('labels name parts and codes only', async () => {
    const metrics = createMetrics({ withProcess: false });
    metrics.actorRestarts.inc({ actor: 'session', supervisor: 'sessions' });
    metrics.errors.inc({ type: 'RATE_LIMITED' });
    const text = await metrics.registry.metrics();
    expect(text).toContain('banyan_actor_restarts_total{actor="session",supervisor="sessions"} 1');
    expect(text).toContain('rag_errors_total{type="RATE_LIMITED"} 1');
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
    expect([...labels].toSorted()).toEqual(['actor', 'le', 'supervisor', 'type']);
  });

  test('two of them share nothing, and the global registry stays empty', async () => {
    const [one, other] = [createMetrics({ withProcess: false }), createMetrics({ withProcess: false })];
    one.queries.inc();
    expect(await other.registry.metrics()).toContain('rag_queries_total 0');
    expect(await register.metrics()).toBe('\n');
  });

  test("with the process, the event loop's delay is among them", async () => {
    const text = await createMetrics({ withProcess: true }).registry.metrics();
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^process_resident_memory_bytes /m);
  });
});
