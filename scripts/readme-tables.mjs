/**
 * Writes the tables of README.md that come from the code: settings and error codes, each between its markers.
 * With --check it writes nothing and exits 1 when a table differs from the code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderSettingsTable } from '../config/settings-table.ts';
import { ERROR_CATALOGUE } from '../src/errors.ts';

const path = join(process.cwd(), 'README.md');
const readme = readFileSync(path, 'utf8');
const current = [
  ['settings', renderSettingsTable()],
  ['errors', renderErrorTable()],
].reduce((text, [name, table]) => withTable(text, name, table), readme);

if (process.argv.includes('--check')) {
  if (current !== readme) fail('README.md differs from the code; run: node scripts/readme-tables.mjs');
} else if (current !== readme) {
  writeFileSync(path, current);
}

function renderErrorTable() {
  const rows = Object.entries(ERROR_CATALOGUE).map(
    ([code, { status, retryable, message }]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${message} |`,
  );
  return ['| Code | Status | Retry | Message |', '|---|---|---|---|', ...rows].join('\n');
}

function withTable(text, name, table) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = splitOnce(text, start);
  const [, after] = splitOnce(rest, end);
  return `${before}${start}\n${table}\n${end}${after}`;
}

function splitOnce(text, marker) {
  const at = text.indexOf(marker);
  if (at === -1) fail(`README.md has no ${marker}`);
  return [text.slice(0, at), text.slice(at + marker.length)];
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
