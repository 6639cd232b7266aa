import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CapsuleFiles } from '#src/telemetry/capsules/capsule-files.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const idOf = (number: number): string => `2026-11-21T14-00-${String(number).padStart(3, '0')}Z-query-abc`;

function capsule(id: string, padding = ''): string {
  return JSON.stringify({ format: 1, id, at: 'now', actor: { id: 'query', name: 'query:1', supervisor: 'queries' }, reason: { name: 'TypeError', message: padding }, versions: {}, settings: {} });
}

function openFiles(): CapsuleFiles {
  return new CapsuleFiles(join(temporaryDirectory(), 'crashes'));
}

describe('the files of crash capsules', () => {
  test('are listed latest first and read back, for the owner only', async () => {
    const files = openFiles();
    expect(await files.list()).toEqual([]);
    for (const number of [2, 1, 3]) await files.write(idOf(number), capsule(idOf(number)));
    expect((await files.list()).map(({ id }) => id)).toEqual([3, 2, 1].map(idOf));
    expect(await files.read(idOf(2))).toMatchObject({ id: idOf(2) });
    expect(statSync(join(files.directory, `${idOf(2)}.json`)).mode & 0o077).toBe(0);
  });

  test('are the newest fifty', async () => {
    const files = openFiles();
    for (let number = 0; number < 53; number += 1) await files.write(idOf(number), capsule(idOf(number)));
    const ids = (await files.list()).map(({ id }) => id);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([50, idOf(52), idOf(3)]);
  });

  test('are of 20 MB at most, the newest among them', async () => {
    const files = openFiles();
    const padding = 'x'.repeat(8 * 1024 * 1024);
    for (let number = 0; number < 4; number += 1) await files.write(idOf(number), capsule(idOf(number), padding));
    expect((await files.list()).map(({ id }) => id)).toEqual([3, 2].map(idOf));
  });

  test('leave nothing of a write that a kill has cut off', async () => {
    const files = openFiles();
    mkdirSync(files.directory);
    writeFileSync(join(files.directory, `${idOf(1)}.tmp`), '{"form');
    await files.write(idOf(2), capsule(idOf(2)));
    expect(readdirSync(files.directory)).toEqual([`${idOf(2)}.json`]);
  });

  test.for(['../conversations', '..', 'x', '', '1/../../etc/passwd', 'a'.repeat(300)])('outside the directory are not read: %j', async (id) => {
    await expect(openFiles().read(id)).rejects.toMatchObject({ code: 'CRASH_NOT_FOUND' });
  });

  test('that are damaged are not listed', async () => {
    const files = openFiles();
    await files.write(idOf(1), capsule(idOf(1)));
    await files.write(idOf(2), '{"format":1,');
    expect((await files.list()).map(({ id }) => id)).toEqual([idOf(1)]);
    await expect(files.read(idOf(2))).rejects.toMatchObject({ code: 'CRASH_NOT_FOUND' });
  });
});
