import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import { temporaryDirectory } from '../../support/store-directory.ts';

const LOCK_AND_WAIT = `
  import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
  await lockDataDirectory(process.argv[1], { waitMs: 0 });
  console.log('locked');
  setInterval(() => {}, 1000);`;

/** A process that holds the directory until it is killed. */
async function holdInAnotherProcess(directory: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', LOCK_AND_WAIT, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

test('a missing directory is made, for its owner alone', async () => {
  const directory = join(temporaryDirectory(), 'a', 'b');
  const lock = await lockDataDirectory(directory, { waitMs: 0 });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  lock.release();
});

test('a second process is refused at once, by the name of the first', async () => {
  const directory = temporaryDirectory();
  const holder = await holdInAnotherProcess(directory);
  const startedAt = performance.now();
  await expect(lockDataDirectory(directory, { waitMs: 0 })).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: `${directory} is held by process ${holder.pid}`,
    details: [{ field: directory, got: `held by process ${holder.pid}` }],
  });
  expect(performance.now() - startedAt).toBeLessThan(1000);
});

test('a second process is let in after the first was killed by SIGKILL', async () => {
  const directory = temporaryDirectory();
  const holder = await holdInAnotherProcess(directory);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const lock = await lockDataDirectory(directory, { waitMs: 0 });
  expect(readFileSync(join(directory, 'lock.pid'), 'utf8')).toBe(String(process.pid));
  lock.release();
});

test('a second process that waits gets the lock when the first dies', async () => {
  const directory = temporaryDirectory();
  const holder = await holdInAnotherProcess(directory);
  const waiting = lockDataDirectory(directory, { waitMs: 10_000 });
  holder.kill('SIGKILL');
  const lock = await waiting;
  expect(readFileSync(join(directory, 'lock.pid'), 'utf8')).toBe(String(process.pid));
  lock.release();
});

test('a second process that waits in vain is refused when its time is up', async () => {
  const directory = temporaryDirectory();
  await holdInAnotherProcess(directory);
  const startedAt = performance.now();
  await expect(lockDataDirectory(directory, { waitMs: 200 })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(199);
});

test('a released lock lets the next one in, and can be released twice', async () => {
  const directory = temporaryDirectory();
  const first = await lockDataDirectory(directory, { waitMs: 0 });
  await expect(lockDataDirectory(directory, { waitMs: 0 })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  first.release();
  const second = await lockDataDirectory(directory, { waitMs: 0 });
  first.release();
  await expect(lockDataDirectory(directory, { waitMs: 0 })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  second.release();
  expect(existsSync(join(directory, 'lock.pid'))).toBe(false);
});

test('a path that is a file is unusable, by name and reason', async () => {
  const path = join(temporaryDirectory(), 'file');
  writeFileSync(path, '');
  await expect(lockDataDirectory(path, { waitMs: 0 })).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringMatching(/file cannot be used: .*EEXIST|ENOTDIR/) as string,
  });
});

test('a directory that cannot be written is unusable, by name and reason', () => {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o555);
  const script = `
    import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
    await lockDataDirectory(process.argv[1], { waitMs: 0 }).catch((error) => console.log(error.code, error.message));`;
  // For root every directory is writable: where the tests run as root, the process is the user nobody's.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script, directory], { encoding: 'utf8', ...user });
  expect(child.stdout).toContain(`DATA_DIR_UNUSABLE ${directory} cannot be used: EACCES`);
});
