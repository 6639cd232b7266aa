import { describe, expect, test } from 'vitest';
import type { Plan, PlannedKill } from '#src/cli/chaos/schedule.ts';
import { planKills } from '#src/cli/chaos/schedule.ts';
import { victimsOf } from '#src/cli/chaos/victims.ts';
import type { TreeNode } from '#src/cli/tree/render-tree.ts';

function node(name: string | null, children: readonly TreeNode[] = [], strategy?: string): TreeNode {
  const type = strategy === undefined ? 'worker' : 'supervisor';
  const shape = { id: name ?? 'nameless', name, type, status: 'running', restarts: 0, started_at: null, mailbox: 0, children } as const;
  return strategy === undefined ? shape : { ...shape, strategy };
}

const ONE_FOR_ONE = 'one_for_one';
const TREE = node(
  'banyan',
  [
    node('store', [node('conversations'), node('knowledge')], ONE_FOR_ONE),
    node('guards', [node('cache'), node('fuses', [node('fuse:one')], 'dynamic'), node(null)], ONE_FOR_ONE),
    node('sessions', [node('session:one'), node('session:two')], 'dynamic'),
    node('gateway'),
  ],
  ONE_FOR_ONE,
);
const PLAN: Plan = { victims: victimsOf(TREE), root: 'banyan', seed: 7, durationMs: 600_000, killEveryMs: 300, processKillEveryMs: 30_000 };
const KILLS = planKills(PLAN);

const isOfProcess = ({ victim }: PlannedKill): boolean => victim.group === 'process';

describe('victims', () => {
  test('are everything in the tree that has a name, the children of a dynamic supervisor as one kind, and the whole', () => {
    expect(PLAN.victims.map(({ kind, supervisor, group }) => [kind, supervisor, group])).toEqual([
      ['store', 'banyan', 'worker'],
      ['conversations', 'store', 'worker'],
      ['knowledge', 'store', 'worker'],
      ['guards', 'banyan', 'actor'],
      ['cache', 'guards', 'actor'],
      ['fuses', 'guards', 'actor'],
      ['one of fuses', 'fuses', 'actor'],
      ['sessions', 'banyan', 'actor'],
      ['one of sessions', 'sessions', 'actor'],
      ['gateway', 'banyan', 'actor'],
      ['banyan (root)', 'process', 'process'],
      ['process', 'process', 'process'],
    ]);
  });
});

describe('a plan of kills', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(planKills(PLAN)).toEqual(KILLS);
    expect(planKills({ ...PLAN, seed: 8 })).not.toEqual(KILLS);
  });

  test('is in the order of time and ends with the load', () => {
    const times = KILLS.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeLessThanOrEqual(PLAN.durationMs);
  });

  test('kills every kind', () => {
    expect(new Set(KILLS.map(({ victim }) => victim.kind))).toEqual(new Set(PLAN.victims.map(({ kind }) => kind)));
  });

  test('spends no budget: at most 8 restarts of the root and 16 of another supervisor in any minute', () => {
    const ofActors = KILLS.filter((kill) => !isOfProcess(kill));
    for (const { atMs } of ofActors) {
      const minute = ofActors.filter((kill) => kill.atMs > atMs - 60_000 && kill.atMs <= atMs);
      const counts = Map.groupBy(minute, ({ victim }) => victim.supervisor);
      for (const [supervisor, kills] of counts) expect([supervisor, kills.length <= (supervisor === 'banyan' ? 8 : 16)]).toEqual([supervisor, true]);
    }
  });

  test('lets the turns live: what ends all of their runs comes five seconds apart at least', () => {
    const times = KILLS.filter(({ victim }) => victim.endsRuns).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThan(20);
    for (const [index, atMs] of times.entries()) expect(atMs - (times[index - 1] ?? -Infinity)).toBeGreaterThanOrEqual(5000);
  });

  test('leaves the process alone while it starts again', () => {
    const ends = KILLS.filter(isOfProcess).map(({ atMs }) => atMs);
    const meanwhile = KILLS.filter((kill) => !isOfProcess(kill) && ends.some((atMs) => kill.atMs > atMs && kill.atMs < atMs + 2000));
    expect(meanwhile).toEqual([]);
  });
});
