import { describe, expect, test } from 'vitest';
import type { QueryInput } from '#agents/query/query.machine.ts';
import { queryMachine } from '#agents/query/query.machine.ts';
import { Flight } from '#agents/query/flight.ts';
import type { Waiter } from '#agents/query/query.agent.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { startTree } from '../../support/start-tree.ts';

const waiter: Waiter = { session: 's', turn: 't', owner: 'session:s', sent: '', deadlineMs: 60_000 };

interface RunningQuery {
  readonly kernel: Kernel;
  readonly clock: SimulatedClock;
  /** Turns whose owners are watched. */
  readonly watched: ReadonlySet<string>;
  join(turn: string): Promise<void>;
  ownerDies(turn: string): void;
  isRunning(): boolean;
}

/** A query whose search never ends. */
async function startQuery(): Promise<RunningQuery> {
  const clock = new SimulatedClock();
  const watched = new Set<string>();
  const never = new Promise<never>(() => undefined);
  const input: QueryInput = {
    flight: new Flight(() => undefined),
    retrieve: () => never,
    generate: () => never,
    keep: () => undefined,
    tell: () => undefined,
    watch: ({ turn }) => {
      watched.add(turn);
      return () => void watched.delete(turn);
    },
  };
  const { kernel } = await startTree(() => [{ id: 'query', name: 'query', restart: 'temporary', start: actor(queryMachine, { input: () => input }) }], { clock });
  return {
    kernel,
    clock,
    watched,
    join: (turn) => kernel.ask<void>('query', { type: 'join', waiter: { ...waiter, turn } }),
    ownerDies: (turn) => void kernel.send('query', { type: 'owner.gone', turn }),
    isRunning: () => kernel.whereis('query') !== undefined,
  };
}

describe('a query', () => {
  test('whose waiters have all died waits two seconds for one to come back, then ends', async () => {
    const { clock, ownerDies, join, isRunning } = await startQuery();
    await join('t');
    ownerDies('t');
    await clock.advance(1999);
    expect(isRunning()).toBe(true);
    await clock.advance(1);
    expect(isRunning()).toBe(false);
  });

  test('runs on when one comes back, or when another one waits', async () => {
    const { clock, ownerDies, join, isRunning } = await startQuery();
    await join('t');
    ownerDies('t');
    await join('t');
    await clock.advance(5000);
    expect(isRunning()).toBe(true);
    await join('u');
    ownerDies('t');
    await clock.advance(5000);
    expect(isRunning()).toBe(true);
  });

  test('watches the owners of those who wait, and nobody when it has ended', async () => {
    const { kernel, clock, watched, ownerDies, join } = await startQuery();
    await Promise.all(['t', 'u', 'v'].map(join));
    await kernel.ask('query', { type: 'leave', turn: 'u' });
    expect([...watched]).toEqual(['t', 'v']);
    ownerDies('t');
    await clock.advance(0);
    expect([...watched]).toEqual(['v']);
    await kernel.ask('query', { type: 'leave', turn: 'v' });
    await clock.advance(0);
    expect([kernel.whereis('query'), [...watched]]).toEqual([undefined, []]);
  });
});
