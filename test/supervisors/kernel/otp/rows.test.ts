import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The scenario rows of OTP's supervision that the kernel is held against. Their numbering has gaps. */
const ROWS = [
  1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38, 40, 41, 43, 44, 46, 47, 49, 50, 52, 53, 55, 56,
  58, 59, 61, 62, 64, 65, 67, 68, 70, 71, 73, 74, 76, 77, 79, 80, 82, 83, 85, 86, 88, 89, 91, 92, 94, 95, 97, 98, 100, 101, 103, 104, 106, 107,
  109, 110, 112, 113, 115, 116, 118, 119, 121, 122, 124, 125, 127, 128, 130,
];

const root = join(import.meta.dirname, '../../../..');
const tests = globSync('test/supervisors/kernel/**/*.test.ts', { cwd: root }).map((path) => readFileSync(join(root, path), 'utf8'));
const guide = readFileSync(join(root, 'docs/supervision.md'), 'utf8');

function rowsIn(texts: readonly string[], pattern: RegExp): Set<number> {
  return new Set(texts.flatMap((text) => [...text.matchAll(pattern)].flatMap(([line]) => [...line.matchAll(/\bT(\d+)\b/g)].map(([, id]) => Number(id)))));
}

const tested = rowsIn(tests, /(?:\btest(?:\.for\(.*\))?\(|\)\(|\brow: |^ +)'[^'\n]*\bT\d+\b[^'\n]*'/gm);
/** A row with a meaning in part has a test for that part. */
const explained = rowsIn([guide], /^\| T\d+ \| (?!Partly).{20,} \|$/gm);

describe('rows of OTP', () => {
  test.for(ROWS)('row %i is a test or is explained in docs/supervision.md', (row) => {
    expect(tested.has(row) || explained.has(row)).toBe(true);
  });

  test('no row is named that does not exist', () => {
    expect([...tested, ...explained].filter((row) => !ROWS.includes(row))).toEqual([]);
  });
});
