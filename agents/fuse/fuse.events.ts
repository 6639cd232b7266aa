import type { Asked } from '#supervisors/kernel/process.ts';

/** Whether a call may be made now. */
export type Permission = { readonly permitted: true } | { readonly permitted: false; readonly retryAfterMs: number };

/** The operations of a fuse (libraries.md of fuse: ask, melt, reset, disable, enable), and an operator's `blow`. */
export type FuseEvent =
  | ({ readonly type: 'permit' } & Asked<Permission>)
  | { readonly type: 'melt' }
  | { readonly type: 'succeeded' }
  | ({ readonly type: 'blow' } & Asked<void>)
  | ({ readonly type: 'reset' } & Asked<void>)
  | ({ readonly type: 'disable' } & Asked<void>)
  | ({ readonly type: 'enable' } & Asked<void>);
