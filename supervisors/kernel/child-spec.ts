import { MAX_TIMER_MS } from '#src/ports/clock.ts';
import type { Backoff } from './backoff.ts';
import { checkBackoff } from './backoff.ts';
import type { StartFunction } from './process.ts';

export const RESTARTS = ['permanent', 'transient', 'temporary'] as const;
export type Restart = (typeof RESTARTS)[number];

export const CHILD_TYPES = ['worker', 'supervisor'] as const;
export type ChildType = (typeof CHILD_TYPES)[number];

/** How a child is ended: asked and given so many milliseconds, asked and waited for, or killed without asking. */
export type Shutdown = number | 'infinity' | 'brutal_kill';

/** How to start, restart and end one child: OTP's child specification and what a network adds to it. */
export interface ChildSpec {
  /** Unique in a static supervisor. In a dynamic one it is the kind of the child, as metrics name it. */
  readonly id: string;
  readonly start: StartFunction;
  /** @defaultValue permanent */
  readonly restart?: Restart;
  /** @defaultValue 5000 ms for a worker, infinity for a supervisor */
  readonly shutdown?: Shutdown;
  /** @defaultValue worker */
  readonly type?: ChildType;
  /** Whether its own end can end the supervisor (`autoShutdown`). @defaultValue false */
  readonly significant?: boolean;
  /** The name under which others reach it; unique in the kernel. */
  readonly name?: string;
  /** A start that takes longer has failed. @defaultValue 30 000 ms for a worker, infinity for a supervisor */
  readonly startTimeoutMs?: number | 'infinity';
  /** Waiting time before a restart. @defaultValue none, as in OTP */
  readonly backoff?: Backoff;
  /** Events that may wait for the process; beyond it `send` answers false and `ask` OVERLOADED. @defaultValue 10 000 */
  readonly mailboxLimit?: number;
}

/** A child spec with its defaults filled in. */
export interface ResolvedSpec {
  readonly id: string;
  readonly start: StartFunction;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly type: ChildType;
  readonly significant: boolean;
  readonly name: string | undefined;
  readonly startTimeoutMs: number | 'infinity';
  readonly backoff: Backoff | undefined;
  readonly mailboxLimit: number;
}

export const AUTO_SHUTDOWNS = ['never', 'any_significant', 'all_significant'] as const;
export type AutoShutdown = (typeof AUTO_SHUTDOWNS)[number];

/** What is wrong with a definition; `value` is the offending one. */
export interface SpecError {
  readonly tag: string;
  readonly value?: unknown;
}

const DEFAULT_SHUTDOWN_MS = 5000;
const DEFAULT_START_TIMEOUT_MS = 30_000;
const DEFAULT_MAILBOX_LIMIT = 10_000;

type Loose = { readonly [Key in keyof ChildSpec]?: unknown };

/** The first fault of a child spec, in OTP's order of checks, or undefined. Without `autoShutdown` the combination with it is not checked. */
export function checkChildSpec(spec: unknown, autoShutdown?: AutoShutdown): SpecError | undefined {
  if (typeof spec !== 'object' || spec === null) return { tag: 'invalid_child_spec', value: spec };
  const loose: Loose = spec;
  return (
    checkIdentity(loose) ??
    oneOf('invalid_restart_type', loose.restart, RESTARTS) ??
    checkSignificant(loose, autoShutdown) ??
    oneOf('invalid_child_type', loose.type, CHILD_TYPES) ??
    checkShutdown(loose.shutdown) ??
    checkBounds(loose)
  );
}

function checkIdentity(spec: Loose): SpecError | undefined {
  if (spec.id === undefined) return { tag: 'missing_id' };
  if (typeof spec.id !== 'string' || spec.id === '') return { tag: 'invalid_id', value: spec.id };
  if (spec.start === undefined) return { tag: 'missing_start' };
  if (typeof spec.start !== 'function') return { tag: 'invalid_start', value: spec.start };
  if (spec.name !== undefined && (typeof spec.name !== 'string' || spec.name === '')) return { tag: 'invalid_name', value: spec.name };
  return undefined;
}

function oneOf(tag: string, value: unknown, allowed: readonly string[]): SpecError | undefined {
  return value === undefined || allowed.includes(value as string) ? undefined : { tag, value };
}

function checkSignificant(spec: Loose, autoShutdown: AutoShutdown | undefined): SpecError | undefined {
  if (spec.significant === undefined || spec.significant === false) return undefined;
  if (spec.significant !== true) return { tag: 'invalid_significant', value: spec.significant };
  if ((spec.restart ?? 'permanent') === 'permanent') return badCombination({ restart: 'permanent', significant: true });
  if (autoShutdown === 'never') return badCombination({ autoShutdown: 'never', significant: true });
  return undefined;
}

function badCombination(value: unknown): SpecError {
  return { tag: 'bad_combination', value };
}

function checkShutdown(value: unknown): SpecError | undefined {
  if (value === undefined || value === 'infinity' || value === 'brutal_kill' || isDelay(0, value)) return undefined;
  return { tag: 'invalid_shutdown', value };
}

function checkBounds(spec: Loose): SpecError | undefined {
  const { startTimeoutMs, mailboxLimit, backoff } = spec;
  if (startTimeoutMs !== undefined && startTimeoutMs !== 'infinity' && !isDelay(1, startTimeoutMs)) {
    return { tag: 'invalid_start_timeout', value: startTimeoutMs };
  }
  if (mailboxLimit !== undefined && !isWholeFrom(1, mailboxLimit)) return { tag: 'invalid_mailbox_limit', value: mailboxLimit };
  return backoff === undefined ? undefined : checkBackoff(backoff);
}

function isDelay(leastMs: number, value: unknown): boolean {
  return isWholeFrom(leastMs, value) && value <= MAX_TIMER_MS;
}

export function isWholeFrom(least: number, value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least;
}

/** The first fault of a list of child specs: each one's own, then a second use of an id. */
export function checkChildSpecs(specs: readonly unknown[], autoShutdown?: AutoShutdown): SpecError | undefined {
  const ids = new Set<string>();
  for (const spec of specs) {
    const fault = checkChildSpec(spec, autoShutdown);
    if (fault !== undefined) return fault;
    const { id } = spec as ChildSpec;
    if (ids.has(id)) return { tag: 'duplicate_child_name', value: id };
    ids.add(id);
  }
  return undefined;
}

/** Fills in the defaults of a checked spec. */
export function resolveSpec(spec: ChildSpec): ResolvedSpec {
  const type = spec.type ?? 'worker';
  const restart = spec.restart ?? 'permanent';
  return {
    id: spec.id,
    start: restart === 'temporary' ? forgetAfterUse(spec.start) : spec.start,
    restart,
    shutdown: spec.shutdown ?? (type === 'worker' ? DEFAULT_SHUTDOWN_MS : 'infinity'),
    type,
    significant: spec.significant ?? false,
    name: spec.name,
    startTimeoutMs: spec.startTimeoutMs ?? (type === 'worker' ? DEFAULT_START_TIMEOUT_MS : 'infinity'),
    backoff: spec.backoff,
    mailboxLimit: spec.mailboxLimit ?? DEFAULT_MAILBOX_LIMIT,
  };
}

/** A temporary child is started once: to keep what its start function holds would only leak it. */
function forgetAfterUse(start: StartFunction): StartFunction {
  let kept: StartFunction | undefined = start;
  return (context) => {
    if (kept === undefined) throw new TypeError('a temporary child is started only once');
    const run = kept;
    kept = undefined;
    return run(context);
  };
}
