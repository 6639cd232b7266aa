import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#src/errors.ts';
import { AskOptionsSchema, FeedbackBody } from '#src/gateway/schemas/answers.ts';
import { IndexBody } from '#src/gateway/schemas/documents.ts';
import { PageQuery } from '#src/gateway/schemas/limits.ts';
import { checker } from '#src/gateway/validation.ts';

function faultOf(schema: Parameters<typeof checker>[0], value: unknown): unknown {
  try {
    checker(schema, 'INVALID_REQUEST')(value);
    return undefined;
  } catch (error) {
    return error instanceof ServiceError ? error.details?.[0] : error;
  }
}

describe('checker', () => {
  test.for<[string, Parameters<typeof checker>[0], unknown, object]>([
    ['an unknown field', FeedbackBody, { turn: 't', rating: 'up', stars: 5 }, { field: 'stars', expected: 'one of turn, rating, comment', got: 'an unknown field' }],
    ['a missing field', FeedbackBody, { rating: 'up' }, { field: 'turn', expected: 'a text of 1 to 128 characters', got: 'nothing' }],
    ['a word that is none of the words', FeedbackBody, { turn: 't', rating: 'so-so' }, { field: 'rating', expected: 'one of up, down', got: '"so-so"' }],
    ['a number below its range', AskOptionsSchema, { top_k: 0 }, { field: 'top_k', expected: 'a whole number from 1 to 50', got: '0' }],
    ['a number above its range', AskOptionsSchema, { top_k: 1e9 }, { field: 'top_k', expected: 'a whole number from 1 to 50', got: '1000000000' }],
    ['a text where a number is expected', AskOptionsSchema, { top_k: '5' }, { field: 'top_k', expected: 'a whole number from 1 to 50', got: '"5"' }],
    ['a deep value', AskOptionsSchema, { filter: { tag: { a: {} } } }, { field: 'filter.tag', expected: 'one of string, number, boolean, null', got: 'an object' }],
    ['a name that reaches into prototypes', AskOptionsSchema, JSON.parse('{"filter":{"__proto__":1}}'), { field: 'filter.__proto__' }],
    ['an item of a list', IndexBody, { documents: [{ id: 'a', text: 'x' }, { id: 'b', text: 7 }] }, { field: 'documents[1].text', expected: 'a text', got: '7' }],
    ['an empty list', IndexBody, { documents: [] }, { field: 'documents', expected: 'a list of 1 to 10000 items', got: 'an empty list' }],
    ['no value', FeedbackBody, undefined, { field: 'body', expected: 'an object', got: 'nothing' }],
    ['a list as a whole', FeedbackBody, [1, 2], { field: 'body', expected: 'an object', got: 'a list of 2 items' }],
    ['digits that are no size of a page', PageQuery, { limit: '0' }, { field: 'limit', expected: 'a whole number from 1 to 1000', got: '"0"' }],
  ])('%s is refused by name', ([, schema, value, detail]) => {
    expect(faultOf(schema, value)).toMatchObject(detail);
  });

  test('a long value is shown by its beginning', () => {
    expect(faultOf(Type.Integer(), 'x'.repeat(10_000))).toMatchObject({ got: `"${'x'.repeat(80)}…"` });
  });

  test('a value that fits is given back as it is', () => {
    const value = { turn: 't', rating: 'up' };
    expect(checker(FeedbackBody, 'INVALID_REQUEST')(value)).toBe(value);
  });

  test('a thousand faults are told by one', () => {
    const documents = Array.from({ length: 1000 }, () => ({ id: 1 }));
    expect(faultOf(IndexBody, { documents })).toMatchObject({ field: 'documents[0].text' });
  });
});
