import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import type { Static, TSchema } from 'typebox';
import type { ErrorCode, ErrorDetail } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';

/** One fault ends the check: a body with a million faults costs no more than one with a single fault. */
const ajv = new Ajv({
  allErrors: false,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  verbose: true,
  allowUnionTypes: true,
});

const MAX_SHOWN_CHARACTERS = 80;

/** Compiles a schema for routes and frames alike: nothing is coerced, nothing removed. */
export function compileSchema(schema: object): ValidateFunction {
  return ajv.compile(schema);
}

/** Gives a check that returns the value as what its schema says, or throws `code` with the fault in `details`. */
export function checker<Schema extends TSchema>(schema: Schema, code: ErrorCode): (value: unknown) => Static<Schema> {
  const validate = compileSchema(schema);
  return (value) => {
    if (validate(value)) return value as Static<Schema>;
    throw refusal(code, validate.errors ?? []);
  };
}

/** The ServiceError for what a validation has found. Fastify passes the errors of Ajv with fewer fields in their type. */
export function refusal(code: ErrorCode, errors: readonly Partial<ErrorObject>[], part = 'body'): ServiceError {
  const [error = {}] = errors.toReversed();
  const detail = toDetail(error, part);
  return new ServiceError(code, `expected ${detail.field} to be ${detail.expected}, got: ${detail.got}`, { details: [detail] });
}

/** A refusal of one field that a schema cannot express. */
export function fieldRefusal(code: ErrorCode, detail: Required<ErrorDetail>): ServiceError {
  return new ServiceError(code, `expected ${detail.field} to be ${detail.expected}, got: ${detail.got}`, { details: [detail] });
}

function toDetail(error: Partial<ErrorObject>, part: string): Required<ErrorDetail> {
  const path = fieldPath(error.instancePath ?? '');
  const params: Record<string, unknown> = error.params ?? {};
  const named = params['additionalProperty'] ?? params['propertyName'] ?? params['missingProperty'];
  const field = [path, ...(typeof named === 'string' ? [shorten(named)] : [])].filter((name) => name !== '').join('.') || part;
  const schema: Record<string, unknown> = error.parentSchema ?? {};
  switch (error.keyword) {
    case 'additionalProperties':
      return { field, expected: `one of ${namesOf(schema)}`, got: 'an unknown field' };
    case 'propertyNames':
      return { field, expected: 'a plain name', got: 'a name that is not allowed' };
    case 'required':
      return { field, expected: describeSchema(propertyOf(schema, named)), got: 'nothing' };
    default:
      return { field, expected: describeSchema(schema), got: describeValue(error.data) };
  }
}

/** `/documents/0/text` as `documents[0].text`. */
function fieldPath(pointer: string): string {
  const names = pointer.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.map((name, at) => (/^\d+$/.test(name) ? `[${name}]` : `${at === 0 ? '' : '.'}${shorten(name)}`)).join('');
}

function namesOf({ properties }: Record<string, unknown>): string {
  return Object.keys((properties as object | undefined) ?? {}).join(', ') || 'no fields';
}

function propertyOf({ properties }: Record<string, unknown>, name: unknown): Record<string, unknown> {
  return (properties as Record<string, Record<string, unknown>> | undefined)?.[String(name)] ?? {};
}

function describeSchema(schema: Record<string, unknown>): string {
  const { type, minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  if (typeof schema['const'] === 'string') return `"${schema['const']}"`;
  if (Array.isArray(schema['enum'])) return `one of ${schema['enum'].join(', ')}`;
  if (typeof schema['pattern'] === 'string' && typeof schema['description'] === 'string') return schema['description'];
  if (Array.isArray(type)) return `one of ${type.join(', ')}`;
  if (type === 'integer') return `a whole number${range(minimum, maximum, '')}`;
  if (type === 'number') return `a number${range(minimum, maximum, '')}`;
  if (type === 'string') return `a text${range(minLength, maxLength, ' characters')}`;
  if (type === 'array') return `a list${range(minItems, maxItems, ' items')}`;
  if (type === 'object') return 'an object';
  return type === 'boolean' ? 'true or false' : 'something else';
}

function range(least: unknown, most: unknown, unit: string): string {
  const word = unit === '' ? 'from' : 'of';
  if (least !== undefined && most !== undefined) return ` ${word} ${String(least)} to ${String(most)}${unit}`;
  if (most !== undefined) return ` of at most ${String(most)}${unit}`;
  return least === undefined ? '' : ` of at least ${String(least)}${unit}`;
}

/** A value as a refusal shows it: never more than a line. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length} items`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}
