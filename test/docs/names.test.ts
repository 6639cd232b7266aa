import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CONFIG_FILE_ENV, SETTINGS } from '#config/schema.ts';
import { ERROR_CATALOGUE } from '#src/errors.ts';
import { CLIENT_FRAMES } from '#src/gateway/schemas/frames.ts';
import { exportGuards } from '#src/telemetry/guards.ts';
import { createMetrics } from '#src/telemetry/metrics.ts';
import { codeBlocks, firstCells, MARKDOWN_FILES, markdownFile, section } from './markdown-files.ts';

/** Records of decisions keep the words of their day. */
const guides = MARKDOWN_FILES.filter(({ path }) => !path.startsWith('docs/decisions/'));

function namesIn(text: string, pattern: RegExp): readonly string[] {
  return [...new Set(Array.from(text.matchAll(pattern), ([name]) => name))];
}

describe('names in documents', () => {
  const settings = new Set<string>([CONFIG_FILE_ENV, ...Object.values(SETTINGS).map(({ env }) => env)]);
  /** The example of a misspelt name. */
  const misspelt = 'BANYAN_PROT';

  test.for(guides)('$path names only settings that exist', ({ text }) => {
    expect(namesIn(text, /\bBANYAN_[A-Z_]+[A-Z]\b/g).filter((name) => name !== misspelt && !settings.has(name))).toEqual([]);
  });

  test.for(guides)('$path names only error codes that exist', ({ text }) => {
    const codes = namesIn(text, /`[A-Z]+(?:_[A-Z]+)+`/g).map((code) => code.slice(1, -1));
    expect(codes.filter((code) => !settings.has(code) && !isAlias(code) && !(code in ERROR_CATALOGUE))).toEqual([]);
  });

  test.for(guides)('$path names only tests and sources that exist', ({ text }) => {
    expect(namesIn(text, /\b(?:test|src|agents|supervisors|config|scripts)\/[\w./-]+\.(?:ts|mjs|cjs|json)\b/g).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('docs/operations.md lists the metrics that there are', () => {
    const { registry } = createMetrics({ withProcess: false });
    exportGuards(registry, { fuses: () => new Map(), governors: () => [] });
    const metrics = registry.getMetricsAsArray().map(({ name }) => name);
    const text = section(markdownFile('docs/operations.md'), 'Metrics');
    const listed = firstCells(text).map((cell) => cell.replace(/\{.*/, ''));
    expect(listed.toSorted()).toEqual(metrics.toSorted());
    const [sentence = ''] = text.trim().split('\n');
    expect(metrics.filter((name) => !sentence.includes(`\`${name}\``))).toEqual([]);
  });

  test('docs/protocol.md lists the frames that a client may send', () => {
    const frames = firstCells(section(markdownFile('docs/protocol.md'), 'Frames from the client')).map((json) => /"type":"([\w-]+)"/.exec(json)?.[1]);
    expect(frames.toSorted()).toEqual(Object.keys(CLIENT_FRAMES).toSorted());
  });

  test.for(guides)('$path shows JSON that is JSON', ({ text }) => {
    const lines = codeBlocks(text, 'json').flatMap((block) => (block.includes('\n}') ? [block] : block.split('\n')));
    expect(lines.filter((json) => !isJson(json))).toEqual([]);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Names that other programs use for the same settings. */
function isAlias(name: string): boolean {
  return Object.values(SETTINGS).some((setting) => 'aliases' in setting && setting.aliases.some(({ env }) => env === name));
}
