import { assign, setup } from 'xstate';
import type { Clock } from '#src/ports/clock.ts';
import type { FuseEvent, Permission } from './fuse.events.ts';

export interface FuseInput {
  /** Melts that are tolerated within the window; the next one blows the fuse. */
  readonly maxMelts: number;
  readonly windowMs: number;
  /** How long a blown fuse stays open before one call may probe. */
  readonly refreshMs: number;
  readonly clock: Clock;
}

/** What callers read without asking. */
export interface FuseTable {
  isClosed: boolean;
}

interface FuseContext extends FuseInput {
  readonly table: FuseTable;
  /** When it melted, within the window. */
  readonly melts: readonly number[];
  readonly openedAt: number;
}

/**
 * closed      entered at the start, by a probe that succeeded, by reset and enable; every call is permitted;
 *             left when more than `maxMelts` melts fall into the window, by blow and disable.
 * open        entered from closed, and by a probe that melted; no call is permitted; left after `refreshMs`.
 * half-open   entered from open; the next call is permitted as the probe, then none; left by its success (closed), its
 *             melt (open), its withdrawal or, when nothing is heard of it, after `refreshMs` (both again half-open).
 * disabled    entered by disable; no call is permitted, melts have no effect; left by enable only.
 */
export const fuseMachine = setup({
  types: { context: {} as FuseContext, events: {} as FuseEvent, input: {} as FuseInput },
  delays: { refresh: ({ context }) => context.refreshMs },
  guards: {
    blows: ({ context }) => liveMelts(context).length + 1 > context.maxMelts,
  },
  actions: {
    recordMelt: assign({ melts: ({ context }) => [...liveMelts(context), context.clock.now()] }),
    forgetMelts: assign({ melts: [] }),
    noteOpening: assign({ openedAt: ({ context }) => context.clock.now() }),
    noteClosed: ({ context }) => void (context.table.isClosed = true),
    noteNotClosed: ({ context }) => void (context.table.isClosed = false),
    permit: ({ event }) => answer(event, { permitted: true }),
    permitProbe: ({ event }) => answer(event, { permitted: true, isProbe: true }),
    refuse: ({ event, context }) => answer(event, { permitted: false, retryAfterMs: waitMs(context) }),
    confirm: ({ event }) => {
      if ('reply' in event && event.type !== 'permit') event.reply();
    },
  },
}).createMachine({
  id: 'fuse',
  context: ({ input }) => ({ ...input, table: { isClosed: true }, melts: [], openedAt: 0 }),
  initial: 'closed',
  on: {
    blow: { target: '.open', actions: 'confirm' },
    reset: { target: '.closed', actions: 'confirm' },
    disable: { target: '.disabled', actions: 'confirm' },
    enable: { actions: 'confirm' },
  },
  states: {
    closed: {
      entry: ['forgetMelts', 'noteClosed'],
      exit: 'noteNotClosed',
      on: {
        permit: { actions: 'permit' },
        melt: [{ guard: 'blows', target: 'open' }, { actions: 'recordMelt' }],
      },
    },
    open: {
      entry: 'noteOpening',
      on: { permit: { actions: 'refuse' } },
      after: { refresh: 'half-open' },
    },
    'half-open': {
      initial: 'waiting',
      states: {
        waiting: { on: { permit: { target: 'probing', actions: 'permitProbe' } } },
        probing: { entry: 'noteOpening', on: { permit: { actions: 'refuse' }, withdrawn: 'waiting' }, after: { refresh: 'waiting' } },
      },
      on: { succeeded: 'closed', melt: 'open' },
    },
    disabled: {
      entry: 'noteOpening',
      on: {
        permit: { actions: 'refuse' },
        enable: { target: 'closed', actions: 'confirm' },
        blow: { actions: 'confirm' },
        reset: { actions: 'confirm' },
        disable: { actions: 'confirm' },
      },
    },
  },
});

function liveMelts({ melts, clock, windowMs }: FuseContext): readonly number[] {
  const now = clock.now();
  return melts.filter((time) => now - time < windowMs);
}

function waitMs({ openedAt, refreshMs, clock }: FuseContext): number {
  return Math.max(0, openedAt + refreshMs - clock.now());
}

function answer(event: FuseEvent, permission: Permission): void {
  if (event.type === 'permit') event.reply(permission);
}
