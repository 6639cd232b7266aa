import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Metadata } from '#src/ports/answer.ts';

/** Closed: an unknown field is refused by name. */
export const CLOSED = { additionalProperties: false } as const;

export const SessionId = Type.String({
  pattern: '^[A-Za-z0-9._:-]{1,128}$',
  description: '1 to 128 letters, digits and . _ : -',
  examples: ['0198d7a2-8c5e-7f3a-9b61-2f4a7c0d9e11'],
});

export const TurnId = Type.String({ minLength: 1, maxLength: 128, examples: ['0198d7a2-9d01-7c44-8e0f-6b1f0a2c3d4e'] });

/** Free fields of a document, or those that a question asks for. */
export const MetadataSchema = Type.Unsafe<Metadata>({
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'], maxLength: 4096 },
  propertyNames: { type: 'string', pattern: '^(?!__proto__$|constructor$|prototype$).{1,128}$' },
  maxProperties: 64,
  examples: [{ source: 'handbook' }],
});

/** Whole numbers of a query string: written in digits, read by `Number`. */
export const Count = Type.String({ pattern: '^[0-9]{1,15}$', description: 'a whole number', examples: ['0'] });
export const PageSize = Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: 'a whole number from 1 to 1000', examples: ['100'] });
export const Cursor = Type.String({ minLength: 1, maxLength: 2048, description: 'The `cursor` of the page before.' });

export const PageQuery = Type.Object({ limit: Type.Optional(PageSize), cursor: Type.Optional(Cursor) }, CLOSED);

/** One page of a list; `cursor` is null on the last. */
export function pageOf<Item extends TSchema>(name: string, item: Item) {
  return Type.Object({ [name]: Type.Array(item), cursor: nullable(Type.String()) });
}

export function nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Unsafe<Static<Schema> | null>({ anyOf: [schema, { type: 'null' }] });
}

export function oneOf<Word extends string>(words: readonly Word[]) {
  return Type.Unsafe<Word>({ type: 'string', enum: [...words] });
}
