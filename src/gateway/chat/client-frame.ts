import { ServiceError } from '#src/errors.ts';
import type { ClientFrame } from '#src/ports/frame.ts';
import { CLIENT_FRAMES } from '../schemas/frames.ts';
import { checker, describeValue, fieldRefusal } from '../validation.ts';

type Check = (value: unknown) => ClientFrame;

const CHECKS: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(CLIENT_FRAMES).map(([type, schema]) => [type, checker(schema, 'INVALID_FRAME') as Check]),
);

/** A frame that cannot be taken, and what it was about as far as that could be read. */
export class FrameRefusal extends Error {
  override readonly name = 'FrameRefusal';
  readonly error: ServiceError;
  readonly about: { readonly id?: string; readonly turn?: string };

  constructor(error: ServiceError, about: FrameRefusal['about'] = {}) {
    super(error.message, { cause: error });
    this.error = error;
    this.about = about;
  }
}

/** Reads a frame of a client, whose bytes are UTF-8. Throws FrameRefusal with INVALID_FRAME. */
export function readClientFrame(data: Buffer, isBinary: boolean): ClientFrame {
  if (isBinary) throw refused('frame', 'a text frame', 'a binary one');
  const value = parse(data.toString());
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const check = CHECKS.get(type);
  if (check === undefined) throw refused('type', `one of ${[...CHECKS.keys()].join(', ')}`, describeValue(type), value);
  try {
    return check(value);
  } catch (error) {
    throw error instanceof ServiceError ? new FrameRefusal(error, aboutOf(value)) : error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused('frame', 'JSON', describeValue(text));
  }
}

function refused(field: string, expected: string, got: string, value?: unknown): FrameRefusal {
  return new FrameRefusal(fieldRefusal('INVALID_FRAME', { field, expected, got }), aboutOf(value));
}

const MAX_SHOWN_ID_LENGTH = 128;

function aboutOf(value: unknown): FrameRefusal['about'] {
  if (typeof value !== 'object' || value === null) return {};
  const { id, turn } = value as { readonly id?: unknown; readonly turn?: unknown };
  return { ...(isId(id) ? { id } : {}), ...(isId(turn) ? { turn } : {}) };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_SHOWN_ID_LENGTH;
}
