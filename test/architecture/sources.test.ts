import { globSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '#config/schema.ts';
import { readSource, sourceFiles } from './source-files.ts';

const sources = sourceFiles().map((path) => ({ path, text: readSource(path) }));
const tests = globSync('test/**/*.ts').map((path) => ({ path, text: readSource(path) }));
/** Where the process' environment may be read: it is handed on from there. */
const ENTRIES = new Set(['src/main.ts', 'src/cli/banyan.ts']);
/** Files that any may be measured by: settings and errors are one table each. */
const TABLES = new Set(['config/schema.ts', 'src/errors.ts']);

describe('sources', () => {
  test('there are some', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  test.for(sources)('$path runs with its types stripped', ({ path, text }) => {
    expect(() => stripTypeScriptTypes(text, { sourceUrl: path })).not.toThrow();
  });

  test('have at most five ways round the type checker in all', () => {
    const loose = /(?::|\bas|<)\s*any\b|@ts-(?:ignore|expect-error|nocheck)|(?:eslint|oxlint)-disable/;
    expect(linesWith(loose, [...sources, ...tests]).length).toBeLessThanOrEqual(5);
  });

  test('have at most 400 lines', () => {
    const long = [...sources, ...tests].filter(({ path, text }) => !TABLES.has(path) && text.split('\n').length > 401);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('read the environment in the entries only', () => {
    expect(linesWith(/process\.env\b/, sources.filter(({ path }) => !ENTRIES.has(path)))).toEqual([]);
  });

  test('have names that say what is in them', () => {
    const empty = sources.filter(({ path }) => path.split(/[/.]/).some((name) => /^(?:utils?|helpers?|common|core|base|misc|index)$/.test(name)));
    expect(empty.map(({ path }) => path)).toEqual([]);
    expect(sources.filter(({ path }) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(basename(path))).map(({ path }) => path)).toEqual([]);
  });

  test('leave no work undone in a comment', () => {
    expect(linesWith(/\b(?:TODO|FIXME|XXX)\b/, sources)).toEqual([]);
  });

  test.skipIf(!sources.some(({ path }) => path === 'src/main.ts'))('read every setting', () => {
    const readers = sources.filter(({ path }) => !path.startsWith('config/')).map(({ text }) => text);
    const unread = Object.keys(SETTINGS).filter((key) => !readers.some((text) => new RegExp(`\\b${key}\\b`).test(text)));
    expect(unread).toEqual([]);
  });
});

describe('tests', () => {
  test('state laws, not wishes', () => {
    expect(linesWith(/\b(?:test|it|describe)(?:\.\w+)*\(\s*['"`][^'"`]*\bshould\b/, tests)).toEqual([]);
  });

  test('never sleep for a fixed time: they poll for what they wait for', () => {
    const sleep = /await (?:setTimeout|sleep|delay)\([\d_]+|=> setTimeout\(\w+, [\d_]+\)\)/;
    const bare = tests.filter(({ path }) => !path.startsWith('test/support/'));
    expect(linesWith(sleep, bare)).toEqual([]);
  });

  test('run all: none is focused', () => {
    expect(linesWith(/\b(?:test|it|describe)\.only\(/, tests)).toEqual([]);
  });
});

function linesWith(pattern: RegExp, files: readonly { readonly path: string; readonly text: string }[]): string[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  );
}
