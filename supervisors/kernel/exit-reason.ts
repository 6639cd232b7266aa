import { inspect } from 'node:util';

/** Why a process ended. OTP's reasons: `normal`, `shutdown`, `{shutdown, Detail}`, `killed`, `noproc`, anything else. */
export type ExitReason =
  | { readonly kind: 'normal' }
  | { readonly kind: 'shutdown'; readonly detail?: unknown }
  | { readonly kind: 'killed' }
  | { readonly kind: 'noproc' }
  | { readonly kind: 'error'; readonly error: unknown };

export const NORMAL: ExitReason = { kind: 'normal' };
export const SHUTDOWN: ExitReason = { kind: 'shutdown' };
export const KILLED: ExitReason = { kind: 'killed' };
export const NOPROC: ExitReason = { kind: 'noproc' };

export function crashed(error: unknown): ExitReason {
  return { kind: 'error', error };
}

/** An end that a process may choose for itself: `normal`, `shutdown` or `{shutdown, Detail}`. */
export function isOrderly(reason: ExitReason): boolean {
  return reason.kind === 'normal' || reason.kind === 'shutdown';
}

export function describeReason(reason: ExitReason): string {
  switch (reason.kind) {
    case 'error':
      return `error: ${describeError(reason.error)}`;
    case 'shutdown':
      return reason.detail === undefined ? 'shutdown' : `shutdown: ${describeError(reason.detail)}`;
    default:
      return reason.kind;
  }
}

export function describeError(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  if (typeof error === 'string') return error;
  return inspect(error, { breakLength: Infinity });
}
