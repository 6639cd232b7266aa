import type { ErrorBody, ServerFrame } from './api.ts';

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

/** What the client relies on, by type. The rest of a frame is the reader's. */
const FIELDS: ReadonlyMap<unknown, Fields> = new Map<unknown, Fields>([
  ['ready', { session: isText, last_seq: isNumber, resumed: isFlag }],
  ['accepted', { id: isText, turn: isText }],
  ['status', { turn: isText, stage: isText }],
  ['sources', { turn: isText, sources: Array.isArray }],
  ['answer-start', { turn: isText }],
  ['answer-delta', { turn: isText, text: isText }],
  ['answer-end', { turn: isText, answer: isText }],
  ['answer-error', { turn: isText, error: isErrorBody }],
  ['snapshot', { turns: isListOfTurns }],
  ['error', { error: isErrorBody }],
  ['stats', { queries: isNumber, hits: isNumber, misses: isNumber, errors: isNumber, hit_rate: Number.isFinite }],
]);
const TURN: Fields = { id: isText, turn: isText, text: isText, sources: Array.isArray, end: isTurnEnd };

/** Undefined for what no service of ours says. A type that is not known is a frame of a newer service. */
export function readFrame(data: unknown): ServerFrame | undefined {
  const frame = parse(String(data));
  if (!isObject(frame) || !isText(frame['type'])) return undefined;
  const isWhole = fits(frame, FIELDS.get(frame['type']) ?? {}) && isNumberIfThere(frame['seq']) && isNumberIfThere(frame['from']);
  return isWhole ? (frame as ServerFrame) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fits(value: Readonly<Record<string, unknown>>, fields: Fields): boolean {
  return Object.entries(fields).every(([name, check]) => check(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function isNumberIfThere(value: unknown): boolean {
  return value === undefined || isNumber(value);
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** Whether this is what the service says of a failure, and not something of a proxy. */
export function isErrorBody(value: unknown): value is ErrorBody {
  return isObject(value) && isText(value['code']) && isText(value['message']) && isNumberIfThere(value['retry_after_ms']);
}

function isListOfTurns(value: unknown): boolean {
  return Array.isArray(value) && value.every((turn) => isObject(turn) && fits(turn, TURN));
}

function isTurnEnd(value: unknown): boolean {
  return value === undefined || (isObject(value) && (isText(value['answer']) || isErrorBody(value['error'])));
}
