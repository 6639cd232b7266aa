import { ServiceError } from '#src/errors.ts';
import type { ChildSpec } from './child-spec.ts';
import type { Kernel } from './kernel.ts';

const RESTART_WAIT_MS = 2000;
/** When it may be worth trying again. */
const RETRY_AFTER_MS = 1000;

/** Starts under way: who wants the same child at the same time waits for the same start. */
const starts = new WeakMap<Kernel, Map<string, Promise<void>>>();

/**
 * Starts a named child of a dynamic supervisor unless it runs already. Waits while the supervisor restarts. Rejects
 * with OVERLOADED when the supervisor has as many children as it may, ACTOR_DOWN when it does not come up, and what the
 * start threw.
 */
export function ensureChild(kernel: Kernel, supervisor: string, spec: ChildSpec & { readonly name?: string }): Promise<void> {
  const { name } = spec;
  if (name === undefined) return start(kernel, supervisor, spec);
  if (kernel.whereis(name) !== undefined) return Promise.resolve();
  const underWay = starts.get(kernel) ?? new Map<string, Promise<void>>();
  starts.set(kernel, underWay);
  const started = underWay.get(name) ?? start(kernel, supervisor, spec).finally(() => underWay.delete(name));
  underWay.set(name, started);
  return started;
}

async function start(kernel: Kernel, supervisor: string, spec: ChildSpec): Promise<void> {
  await kernel.whenUp(supervisor, RESTART_WAIT_MS);
  const result = await kernel.dynamicSupervisor(supervisor).startChild(spec);
  if (result.ok) return;
  const { error } = result;
  if (error.tag === 'already_started' && spec.name !== undefined) return kernel.whenUp(spec.name, RESTART_WAIT_MS);
  if (error.tag === 'max_children') throw new ServiceError('OVERLOADED', `${supervisor} has as many children as it may`, { retryAfterMs: RETRY_AFTER_MS });
  if ('reason' in error && error.reason instanceof Error) throw error.reason;
  throw new TypeError(`${supervisor} refused child ${spec.id}: ${error.tag}`);
}
