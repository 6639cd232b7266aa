import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** Why a body is refused. `path` leads to the field, such as generationConfig.temperature; empty for the whole body. */
export interface BodyProblem {
  readonly kind: 'json' | 'unknown' | 'missing' | 'wrong';
  readonly path: string;
  /** In the words of JSON Schema, such as must be number. */
  readonly message: string;
}

export type CheckedBody<T> = { readonly value: T; readonly problem?: undefined } | { readonly problem: BodyProblem };

/** Makes a strict reader of bodies: a field that the schema does not name is a problem wherever it refuses additional ones. */
export function bodyReader<Schema extends TSchema>(schema: Schema): (body: Buffer) => CheckedBody<Static<Schema>> {
  const validator = Compile(schema);
  return (body) => {
    let value: unknown;
    try {
      value = JSON.parse(body.toString('utf8'));
    } catch {
      return { problem: { kind: 'json', path: '', message: 'must be JSON' } };
    }
    if (validator.Check(value)) return { value };
    return { problem: firstProblem(validator.Errors(value)) };
  };
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** An unknown field is told before the rest, which may follow from it. */
function firstProblem(errors: readonly SchemaError[]): BodyProblem {
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  const error = unknown ?? errors.find(({ keyword }) => keyword !== 'boolean') ?? errors[0];
  if (error === undefined) return { kind: 'wrong', path: '', message: 'must be valid' };
  const { additionalProperties, requiredProperties } = error.params as Readonly<Record<string, readonly string[] | undefined>>;
  const name = (unknown === undefined ? requiredProperties : additionalProperties)?.[0];
  const path = [...error.instancePath.split('/').slice(1), ...(name === undefined ? [] : [name])].join('.');
  const kind = unknown !== undefined ? 'unknown' : requiredProperties === undefined ? 'wrong' : 'missing';
  return { kind, path, message: error.message };
}
