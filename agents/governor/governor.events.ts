import type { Asked } from '#supervisors/kernel/process.ts';
import type { RateHint } from '#src/ports/rate-hint.ts';

/** What the machine is told. Calls do not pass through it: they use the governor itself, the table of the actor. */
export type GovernorEvent =
  /** A call has paused or limited the account, or taken it down. */
  | { readonly type: 'changed' }
  /** The key, the account or the model was changed: what was learned holds no longer. */
  | ({ readonly type: 'settingsChanged' } & Asked<void>)
  | { readonly type: 'hint'; readonly hint: RateHint };
