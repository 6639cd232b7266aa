import type { Restart, Shutdown } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';
import { isOrderly } from './exit-reason.ts';

/** Whether a child that ended by itself is started again. Strategy and intensity are decided elsewhere. */
export function shouldRestart(restart: Restart, reason: ExitReason): boolean {
  switch (restart) {
    case 'permanent':
      return true;
    case 'transient':
      return !isOrderly(reason);
    case 'temporary':
      return false;
  }
}

/** Whether the end of a child by itself is reported as `child_terminated`. */
export function isTerminationReported(restart: Restart, reason: ExitReason): boolean {
  return restart === 'permanent' || !isOrderly(reason);
}

/** Whether a child of a static supervisor that was told to end is reported as `shutdown_error` (otp.md 2.8). */
export function isShutdownError(restart: Restart, shutdown: Shutdown, reason: ExitReason): boolean {
  if (reason.kind === 'killed') return shutdown !== 'brutal_kill';
  if (!isOrderly(reason)) return true;
  if (restart !== 'permanent') return false;
  const isPlainShutdown = reason.kind === 'shutdown' && reason.detail === undefined;
  return shutdown === 'brutal_kill' || !isPlainShutdown;
}

/** The same for a dynamic supervisor, which follows Elixir (otp.md 2.12). */
export function isDynamicShutdownError(restart: Restart, shutdown: Shutdown, reason: ExitReason): boolean {
  if (shutdown === 'brutal_kill') return reason.kind !== 'killed';
  if (reason.kind === 'shutdown') return false;
  return !(reason.kind === 'normal' && restart !== 'permanent');
}
