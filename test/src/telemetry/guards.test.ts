import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { exportGuards } from '#src/telemetry/guards.ts';

test('a scrape tells fuses and calls as they are, and forgets what is gone', async () => {
  const registry = new Registry();
  const fuses = new Map([['gemini/key-1/m', false], ['lexical:fts5', true]]);
  const governors = [{ account: 'gemini/key-1/m', inFlight: 3, waiting: { live: 2, retry: 1, ingest: 4 } }];
  exportGuards(registry, { fuses: () => fuses, governors: () => governors });
  const first = await registry.metrics();
  expect(first).toContain('banyan_fuse_blown{account="gemini/key-1/m"} 1');
  expect(first).toContain('banyan_fuse_blown{account="lexical:fts5"} 0');
  expect(first).toContain('banyan_provider_calls{account="gemini/key-1/m",state="in_flight"} 3');
  expect(first).toContain('banyan_provider_calls{account="gemini/key-1/m",state="waiting"} 7');
  fuses.delete('gemini/key-1/m');
  governors.length = 0;
  const second = await registry.metrics();
  expect(second).not.toContain('gemini/key-1/m');
});
