import { expect, test } from 'vitest';
import { Labels, toJson } from '#src/store/vectors/labels.ts';

test('metadata is held once, in whatever order it came, until nobody uses it', () => {
  const labels = new Labels();
  const key = labels.use(toJson({ a: 1, b: 'x' }));
  expect(labels.use(toJson({ b: 'x', a: 1 }))).toBe(key);
  labels.release(key);
  expect(labels.matching({ a: 1 })).toEqual(new Set([key]));
  labels.release(key);
  expect(labels.matching({ a: 1 })).toEqual(new Set());
});

test('a filter matches by all of its entries, by type and value', () => {
  const labels = new Labels();
  const both = labels.use(toJson({ lang: 'de', year: 2020 }));
  const text = labels.use(toJson({ lang: 'de', year: '2020' }));
  const empty = labels.use(toJson({ lang: null }));
  expect(labels.matching({ lang: 'de' })).toEqual(new Set([both, text]));
  expect(labels.matching({ lang: 'de', year: 2020 })).toEqual(new Set([both]));
  expect(labels.matching({ lang: null })).toEqual(new Set([empty]));
  expect(labels.matching({ toString: 'x', missing: null })).toEqual(new Set());
  expect(labels.matching({})).toEqual(new Set([both, text, empty]));
});
