import type { Asked } from '#supervisors/kernel/process.ts';

/** Whether a call may be made now. Others wait for how the probe of a half-open fuse goes. */
export type Permission =
  | { readonly permitted: true; readonly isProbe?: true }
  | { readonly permitted: false; readonly retryAfterMs: number };

/** The operations of a fuse (those of the Erlang library `fuse`: ask, melt, reset, disable, enable), and an operator's `blow`. */
export type FuseEvent =
  | ({ readonly type: 'permit' } & Asked<Permission>)
  | { readonly type: 'melt' }
  | { readonly type: 'succeeded' }
  /** The probe was given up before it told anything. */
  | { readonly type: 'withdrawn' }
  | ({ readonly type: 'blow' } & Asked<void>)
  | ({ readonly type: 'reset' } & Asked<void>)
  | ({ readonly type: 'disable' } & Asked<void>)
  | ({ readonly type: 'enable' } & Asked<void>);
