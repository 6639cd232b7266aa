import type { Retrieved } from '#agents/query/query.agent.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import type { SearchRequest } from '#src/ports/store.ts';
import type { RecordedEvent } from './event-ring.ts';

/** Raised when a capsule of before could be read otherwise than it was meant. */
export const CAPSULE_FORMAT = 1;

/** The question that an actor worked on. */
export interface CapsuleQuestion {
  readonly text: string;
  readonly options: AskOptions;
  /** What was sent of the answer before, so that the run went on from there. */
  readonly sentText: string;
  readonly search?: SearchRequest;
  readonly temperature?: number;
  /** Who was to answer, in order. */
  readonly models?: readonly string[];
}

/** What an actor tells of itself when it has crashed. */
export interface ActorNotes {
  readonly question?: CapsuleQuestion;
  /** The results of the steps that were done. */
  readonly steps?: { readonly retrieved?: Retrieved };
  readonly state: object;
  /** Oldest first. */
  readonly events: readonly RecordedEvent[];
}

export interface CapsuleError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: CapsuleError;
}

export interface CapsuleActor {
  readonly id: string;
  readonly name: string;
  readonly supervisor: string | null;
}

export interface CapsuleSummary {
  readonly id: string;
  /** ISO, UTC. */
  readonly at: string;
  readonly actor: CapsuleActor;
  readonly reason: CapsuleError;
}

/** All that is known of one crash, with no secret in it. */
export interface Capsule extends CapsuleSummary, Partial<ActorNotes> {
  readonly format: typeof CAPSULE_FORMAT;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Causes behind causes are told so far. */
const MAX_CAUSES = 5;

export function describeCrash(error: unknown, depth = MAX_CAUSES): CapsuleError {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || depth === 0 ? {} : { cause: describeCrash(cause, depth - 1) }),
  };
}

/** The capsule that a text holds. Throws TypeError, saying why, when it holds none. */
export function readCapsule(text: string): Capsule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TypeError('it is no JSON');
  }
  if (typeof value !== 'object' || value === null || !('format' in value)) throw new TypeError('it is no crash capsule');
  if (value.format !== CAPSULE_FORMAT) throw new TypeError(`it has format ${String(value.format)}; this program reads ${CAPSULE_FORMAT}`);
  const { id, actor, reason } = value as Partial<Capsule>;
  if (typeof id !== 'string' || typeof actor?.name !== 'string' || typeof reason?.message !== 'string') throw new TypeError('it is damaged');
  return value as Capsule;
}
