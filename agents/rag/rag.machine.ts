import { fromTransition } from 'xstate';
import type { Admission } from './admission.ts';
import type { RagEvent } from './rag.events.ts';
import type { Tally } from './tally.ts';

export interface RagState {
  readonly admission: Admission;
  readonly tally: Tally;
}

/** Has one state: lets questions in, to the cache or to their query. The tally of how they ended dies with it. */
export const ragLogic = fromTransition(
  (state: RagState, event: RagEvent): RagState => {
    if (event.type === 'open') state.admission.open(event.question).then(event.reply, event.fail); // XState's own stop event comes here too
    return state;
  },
  ({ input }: { input: RagState }): RagState => input,
);
