import { ServiceError } from '#src/errors.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Kernel } from './kernel.ts';

const RESTART_WAIT_MS = 2000;
/** When it may be worth trying again. */
const RETRY_AFTER_MS = 1000;

/**
 * Starts a named child of a dynamic supervisor unless it runs already. Waits while the supervisor restarts. Rejects
 * with OVERLOADED when the supervisor has as many children as it may, ACTOR_DOWN when it does not come up, and what the
 * start threw.
 */
export async function ensureChild(kernel: Kernel, supervisor: string, spec: ChildSpec & { readonly name?: string }): Promise<void> {
  if (spec.name !== undefined && kernel.whereis(spec.name) !== undefined) return;
  await kernel.whenUp(supervisor, RESTART_WAIT_MS);
  const result = await kernel.dynamicSupervisor(supervisor).startChild(spec);
  if (result.ok) return;
  const { error } = result;
  if (error.tag === 'already_started' && spec.name !== undefined) return kernel.whenUp(spec.name, RESTART_WAIT_MS);
  if (error.tag === 'max_children') throw new ServiceError('OVERLOADED', `${supervisor} has as many children as it may`, { retryAfterMs: RETRY_AFTER_MS });
  if ('reason' in error && error.reason instanceof Error) throw error.reason;
  throw new TypeError(`${supervisor} refused child ${spec.id}: ${error.tag}`);
}
