import { expect, test } from 'vitest';
import { KillLedger } from '#src/cli/chaos/kill-ledger.ts';
import type { Victim } from '#src/cli/chaos/schedule.ts';

const cache: Victim = { kind: 'cache', how: 'actor', name: 'cache', supervisor: 'guards', group: 'actor', endsRuns: false };
const session: Victim = { kind: 'one of sessions', how: 'child', name: 'sessions', supervisor: 'sessions', group: 'actor', endsRuns: false };
const whole: Victim = { kind: 'process', how: 'process', name: 'process', supervisor: 'process', group: 'process', endsRuns: true };

function ledger(): KillLedger {
  return new KillLedger([cache, session, whole]);
}

test('a restart is the recovery of who was killed, and of nobody else', () => {
  const kills = ledger();
  kills.killing(session, 'session:one', 1000);
  kills.restarted('session:two', 3);
  kills.restarted('session:one', 2);
  kills.restarted('session:one', 5);
  expect(kills.rows.find(({ victim }) => victim === session)).toMatchObject({ kills: 1, recoveriesMs: [2] });
});

test('a kill that met nobody is no kill', () => {
  const kills = ledger();
  kills.killing(cache, 'cache', 1000);
  kills.missed('cache');
  kills.restarted('cache', 2);
  expect(kills.rows[0]).toMatchObject({ kills: 0, recoveriesMs: [] });
});

test('a process that listens again has recovered, and a gateway that does has not been the process', () => {
  const kills = ledger();
  kills.killing(cache, 'cache', 1000);
  kills.processUp(['process'], 1100);
  kills.restarted('cache', 2);
  kills.killing(whole, 'process', 2000);
  kills.processUp(['process'], 2750);
  expect(kills.rows.map(({ recoveriesMs }) => recoveriesMs)).toEqual([[2], [], [750]]);
});

test('what goes wrong is put down to the last kill before it, a turn without an end to the nearest', () => {
  const kills = ledger();
  kills.killing(cache, 'cache', 1000);
  kills.killing(whole, 'process', 2000);
  kills.breach({ fault: 'lost', count: 3, atMs: 1900, detail: '' });
  kills.unfinished(1900);
  expect(kills.rows.map(({ faults, unfinished }) => [faults.lost, unfinished])).toEqual([
    [3, 0],
    [0, 0],
    [0, 1],
  ]);
});
