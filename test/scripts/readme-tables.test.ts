import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderSettingsTable } from '#config/settings-table.ts';
import { ERROR_CATALOGUE } from '#src/errors.ts';
import { checkout } from './checkout.ts';

const README = '# Banyan\n<!-- settings -->\nold\n<!-- /settings -->\nbetween\n<!-- errors --><!-- /errors -->\nafter\n';

describe('scripts/readme-tables.mjs', () => {
  test('writes both tables between their markers and nothing else', () => {
    using project = checkout({ 'README.md': README });
    expect(project.run('scripts/readme-tables.mjs')).toMatchObject({ status: 0, stderr: '' });
    const written = readFileSync(join(project.root, 'README.md'), 'utf8');
    expect(written).toContain(`# Banyan\n<!-- settings -->\n${renderSettingsTable()}\n<!-- /settings -->\nbetween\n<!-- errors -->\n| Code |`);
    for (const code of Object.keys(ERROR_CATALOGUE)) expect(written).toContain(`\n| \`${code}\` |`);
    expect(written).toMatch(/\|\n<!-- \/errors -->\nafter\n$/);
  });

  test('--check accepts what was written, and refuses a table that was changed', () => {
    using project = checkout({ 'README.md': README });
    expect(project.run('scripts/readme-tables.mjs', { args: ['--check'] }).status).toBe(1);
    project.run('scripts/readme-tables.mjs');
    expect(project.run('scripts/readme-tables.mjs', { args: ['--check'] })).toEqual({ status: 0, stdout: '', stderr: '' });
    project.write('README.md', readFileSync(join(project.root, 'README.md'), 'utf8').replace('`4000`', '`4001`'));
    expect(project.run('scripts/readme-tables.mjs', { args: ['--check'] }).status).toBe(1);
  });

  test('a missing marker is named', () => {
    using project = checkout({ 'README.md': README.replace('<!-- /errors -->', '') });
    expect(project.run('scripts/readme-tables.mjs').stderr).toBe('README.md has no <!-- /errors -->\n');
  });
});
