import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfigFile } from '#config/config-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'banyan-config-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function written(text: string): string {
  const path = join(directory, 'settings.yaml');
  writeFileSync(path, text);
  return path;
}

describe('readConfigFile', () => {
  test('gives the keys and values of the named file', async () => {
    const path = written('port: 5000\n# a comment\nlog_level: debug\n');
    expect(await readConfigFile({ BANYAN_CONFIG: path })).toEqual({ path, values: { port: 5000, log_level: 'debug' } });
  });

  test('an empty file sets nothing', async () => {
    const path = written('# nothing yet\n');
    expect(await readConfigFile({ BANYAN_CONFIG: path })).toEqual({ path, values: {} });
  });

  test('without a name, a file that is not there is no fault', async () => {
    const before = process.cwd();
    process.chdir(directory);
    try {
      expect(await readConfigFile({})).toBeUndefined();
      writeFileSync('banyan.yaml', 'top_k: 3');
      expect(await readConfigFile({})).toEqual({ path: './banyan.yaml', values: { top_k: 3 } });
    } finally {
      process.chdir(before);
    }
  });

  test('a named file that is not there is refused', async () => {
    const path = join(directory, 'absent.yaml');
    await expect(readConfigFile({ BANYAN_CONFIG: path })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `expected settings file ${path} to be a readable file, got: ENOENT`,
    });
  });

  test('a folder is refused', async () => {
    const path = join(directory, 'folder.yaml');
    mkdirSync(path);
    await expect(readConfigFile({ BANYAN_CONFIG: path })).rejects.toMatchObject({ details: [{ got: 'EISDIR' }] });
  });

  test.for([
    ['port: [1', 'YAML'],
    ['port: 1\nport: 2', 'YAML'],
    ['port: *nowhere', 'YAML'],
    ['- port', '`key: value` lines'],
    ['4000', '`key: value` lines'],
  ])('%j is refused', async ([text, expected]) => {
    const path = written(text ?? '');
    await expect(readConfigFile({ BANYAN_CONFIG: path })).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: [{ expected }] });
  });
});
