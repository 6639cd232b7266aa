import { Type } from 'typebox';
import type { Static } from 'typebox';
import { strict } from '../shape.ts';
import type { Point } from './collection.ts';
import { sameId } from './point-id.ts';

const scalar = Type.Union([Type.String(), Type.Integer(), Type.Boolean()]);
const keys = Type.Union([Type.Array(Type.String()), Type.Array(Type.Integer())]);
const key = Type.String();

const match = Type.Union([
  strict({ value: scalar }),
  strict({ any: keys }),
  strict({ except: keys }),
  strict({ text: Type.String() }),
]);

const bound = Type.Optional(Type.Union([Type.Number(), Type.Null()]));
const range = strict({ gt: bound, gte: bound, lt: bound, lte: bound });
const pointId = Type.Union([Type.Integer({ minimum: 0 }), Type.String()]);

const condition = Type.Union([
  strict({ key, match }),
  strict({ key, range }),
  strict({ is_empty: strict({ key }) }),
  strict({ is_null: strict({ key }) }),
  strict({ has_id: Type.Array(pointId) }),
]);

type Condition = Static<typeof condition>;
type Range = Static<typeof range>;
type Match = Static<typeof match>;

export interface Filter {
  readonly must?: Clause;
  readonly should?: Clause;
  readonly must_not?: Clause;
}

type Clause = readonly (Condition | Filter)[] | Condition | Filter | null;

const clause = Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Record(Type.String(), Type.Unknown()), Type.Null()]));

/** One level: what its clauses hold is checked by `compileFilter`. */
export const filterSchema = strict({ must: clause, should: clause, must_not: clause });
export const conditionSchema = condition;

/** The values of a payload at a key: nested by dots, `[]` for every member of a list. */
export function valuesAt(payload: Readonly<Record<string, unknown>>, key: string): unknown[] {
  let values: unknown[] = [payload];
  for (const part of key.split('.')) {
    const name = part.replace(/\[\]$/, '');
    values = values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));
    if (part.endsWith('[]')) values = values.flat();
  }
  return values;
}

export function fulfils(point: Point, condition: Condition): boolean {
  if ('has_id' in condition) return condition.has_id.some((id) => sameId(id, point.id));
  if ('is_empty' in condition) return valuesAt(point.payload, condition.is_empty.key).every((value) => value === null || (Array.isArray(value) && value.length === 0));
  if ('is_null' in condition) return valuesAt(point.payload, condition.is_null.key).includes(null);
  // A list fulfils what one of its members fulfils.
  const values = valuesAt(point.payload, condition.key).flat();
  return 'match' in condition
    ? values.some((value) => isMatch(value, condition.match))
    : values.some((value) => typeof value === 'number' && isInRange(value, condition.range));
}

function isMatch(value: unknown, match: Match): boolean {
  if ('value' in match) return value === match.value;
  if ('any' in match) return (match.any as readonly unknown[]).includes(value);
  if ('except' in match) return !(match.except as readonly unknown[]).includes(value);
  return typeof value === 'string' && value.includes(match.text);
}

function isInRange(value: number, { gt, gte, lt, lte }: Range): boolean {
  return value > (gt ?? -Infinity) && value >= (gte ?? -Infinity) && value < (lt ?? Infinity) && value <= (lte ?? Infinity);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
