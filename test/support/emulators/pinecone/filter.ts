import type { MetadataValue, RecordMetadata } from './metadata.ts';
import { invalid } from './refusals.ts';

export type Predicate = (metadata: RecordMetadata) => boolean;

type Scalar = string | number | boolean;
type FieldPredicate = (value: MetadataValue | undefined) => boolean;

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  $gt: (value, bound) => value > bound,
  $gte: (value, bound) => value >= bound,
  $lt: (value, bound) => value < bound,
  $lte: (value, bound) => value <= bound,
};

/**
 * A metadata filter: `{field: value}`, `{field: {$op: operand}}`, `{$and: […]}`, `{$or: […]}`; several fields all have to
 * hold. Throws Refusal for an operator or an operand that the real service refuses.
 */
export function compileFilter(filter: unknown): Predicate {
  if (!isObject(filter)) throw invalid('The filter must be an object');
  const parts = Object.entries(filter).map(([key, operand]) => compileEntry(key, operand));
  return (metadata) => parts.every((part) => part(metadata));
}

function compileEntry(key: string, operand: unknown): Predicate {
  if (key === '$and' || key === '$or') return compileList(key, operand);
  if (key.startsWith('$')) throw invalid(`${key} is not a valid operator at the top of a filter`);
  const conditions = isObject(operand)
    ? Object.entries(operand).map(([operator, value]) => compileOperator(operator, value))
    : [compileOperator('$eq', operand)];
  if (conditions.length === 0) throw invalid(`The filter of field '${key}' is empty`);
  return (metadata) => conditions.every((condition) => condition(metadata[key]));
}

function compileList(key: '$and' | '$or', operand: unknown): Predicate {
  if (!Array.isArray(operand) || operand.length === 0) throw invalid(`${key} must be followed by a list of filters that is not empty`);
  const parts = operand.map(compileFilter);
  return key === '$and'
    ? (metadata) => parts.every((part) => part(metadata))
    : (metadata) => parts.some((part) => part(metadata));
}

function compileOperator(operator: string, operand: unknown): FieldPredicate {
  if (operator === '$eq') return equals(scalar(operator, operand));
  if (operator === '$ne') return not(equals(scalar(operator, operand)));
  if (operator === '$in') return isIn(operator, operand);
  if (operator === '$nin') return not(isIn(operator, operand));
  if (operator === '$exists') return exists(operand);
  const compare = COMPARISONS[operator];
  if (compare === undefined) throw invalid(`${operator} is not a valid operator`);
  if (typeof operand !== 'number') throw invalid(`the ${operator} operator must be followed by a number, got ${JSON.stringify(operand)} instead`);
  return (value) => typeof value === 'number' && compare(value, operand);
}

function exists(operand: unknown): FieldPredicate {
  if (typeof operand !== 'boolean') throw invalid(`the $exists operator must be followed by a boolean, got ${JSON.stringify(operand)} instead`);
  return (value) => (value !== undefined) === operand;
}

function isIn(operator: string, operand: unknown): FieldPredicate {
  const isList = Array.isArray(operand) && operand.every((item) => typeof item === 'string' || typeof item === 'number');
  if (!isList) throw invalid(`the ${operator} operator must be followed by a list of strings or a list of numbers, got ${JSON.stringify(operand)} instead`);
  const alternatives = operand.map((item) => equals(item));
  return (value) => alternatives.some((alternative) => alternative(value));
}

/** A list of strings equals each of its members. */
function equals(expected: Scalar): FieldPredicate {
  return (value) => (Array.isArray(value) ? value.includes(expected) : value === expected);
}

function not(predicate: FieldPredicate): FieldPredicate {
  return (value) => !predicate(value);
}

function scalar(operator: string, operand: unknown): Scalar {
  if (typeof operand === 'string' || typeof operand === 'number' || typeof operand === 'boolean') return operand;
  throw invalid(`the ${operator} operator must be followed by a string, boolean or a number, got ${JSON.stringify(operand)} instead`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
