import { setup } from 'xstate';
import { MAX_TIMER_MS } from '#src/ports/clock.ts';
import type { Governor, GovernorMode } from './governor.ts';
import type { GovernorEvent } from './governor.events.ts';

interface GovernorContext {
  readonly governor: Governor;
}

const UNTIL_MODE_ENDS = { modeEnds: 'looking' } as const;

/**
 * looking   entered at the start, when a call has changed the mode, when a mode's time is over; left at once for the
 *           mode that the governor is in.
 * free      nothing holds a call back: the provider has refused none of late.
 * limited   calls go at the rate and number that were learned; left when no call was refused for long enough.
 * paused    no call goes: the provider has asked to wait; left when that time is over.
 * down      every call is refused: the key is not accepted or the allowance used up; left by time and settingsChanged.
 *
 * The governor decides; the machine makes its mode visible and passes on what changes it from outside.
 */
export const governorMachine = setup({
  types: { context: {} as GovernorContext, events: {} as GovernorEvent, input: {} as GovernorContext },
  delays: { modeEnds: ({ context }) => Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(context.governor.modeEndsInMs))) },
  guards: { isIn: ({ context }, mode: GovernorMode) => context.governor.mode === mode },
  actions: {
    forget: ({ context }) => context.governor.forget(),
    takeHint: ({ context, event }) => {
      if (event.type === 'hint') context.governor.hint(event.hint);
    },
    confirm: ({ event }) => {
      if (event.type === 'settingsChanged') event.reply();
    },
  },
}).createMachine({
  id: 'governor',
  context: ({ input }) => input,
  initial: 'looking',
  on: {
    changed: '.looking',
    settingsChanged: { target: '.looking', actions: ['forget', 'confirm'] },
    hint: { target: '.looking', actions: 'takeHint' },
  },
  states: {
    looking: {
      always: [
        { guard: { type: 'isIn', params: 'down' }, target: 'down' },
        { guard: { type: 'isIn', params: 'paused' }, target: 'paused' },
        { guard: { type: 'isIn', params: 'limited' }, target: 'limited' },
        { target: 'free' },
      ],
    },
    free: {},
    limited: { after: UNTIL_MODE_ENDS },
    paused: { after: UNTIL_MODE_ENDS },
    down: { after: UNTIL_MODE_ENDS },
  },
});
