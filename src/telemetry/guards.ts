import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What the guards tell when they are asked. */
export interface GuardReadings {
  /** Whether each fuse is closed, by what it guards. */
  fuses(): ReadonlyMap<string, boolean>;
  /** The calls of each account. */
  governors(): readonly { readonly account: string; readonly inFlight: number; readonly waiting: Readonly<Record<string, number>> }[];
}

/** Exports the state of fuses and governors as it is at each scrape. */
export function exportGuards(registry: Registry, readings: GuardReadings): void {
  const registers = [registry];
  const blown: Gauge<'account'> = new Gauge({
    name: 'banyan_fuse_blown',
    help: '1 where a fuse lets no call, or only its probe, pass',
    labelNames: ['account'],
    registers,
    collect: () => {
      blown.reset();
      for (const [account, isClosed] of readings.fuses()) blown.set({ account }, isClosed ? 0 : 1);
    },
  });
  const calls: Gauge<'account' | 'state'> = new Gauge({
    name: 'banyan_provider_calls',
    help: 'Calls to providers under way and waiting',
    labelNames: ['account', 'state'],
    registers,
    collect: () => {
      calls.reset();
      for (const { account, inFlight, waiting } of readings.governors()) {
        calls.set({ account, state: 'in_flight' }, inFlight);
        calls.set({ account, state: 'waiting' }, Object.values(waiting).reduce((sum, count) => sum + count, 0));
      }
    },
  });
}
