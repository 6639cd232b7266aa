import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockDataDirectory } from '#src/store/data-directory-lock.ts';
import { version } from '#src/version.ts';
import { runCli } from '../../../support/run-cli.ts';
import { freePort } from '../../../support/serve-process.ts';
import { startApplication } from '../../../support/start-application.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

async function runDoctor(settings: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = await runCli(['doctor'], { env: { BANYAN_PORT: String(await freePort()), ...settings } });
  expect(stderr).toBe('');
  return { status, lines: stdout.trimEnd().split('\n').map((line) => line.replaceAll(/ {2,}/g, ' ')) };
}

describe('banyan doctor', () => {
  test('before the first run everything is well, and nothing is made', async () => {
    const dataDir = join(temporaryDirectory(), 'data');
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: dataDir });
    expect(status).toBe(0);
    expect(lines).toContain(`ok banyan version ${version}`);
    expect(lines).toContain(`ok node version ${process.versions.node}`);
    expect(lines).toContain('ok settings valid');
    expect(lines).toContain(`ok data ${dataDir} does not exist yet; the service will make it`);
    expect(lines).toContainEqual(expect.stringMatching(/^ok port \d+ on 127\.0\.0\.1 is free; no service is running$/));
    expect(existsSync(dataDir)).toBe(false);
  });

  test('beside a running service it says which one serves and who holds the data', async () => {
    const { url, dataDir } = await startApplication();
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: dataDir, BANYAN_PORT: new URL(url).port });
    expect(status).toBe(0);
    expect(lines).toContainEqual(expect.stringContaining(`ok port ${url} is served by Banyan ${version}, healthy`));
    expect(lines).toContain(`ok data ${dataDir} is held by process ${process.pid}`);
    expect(lines).toContain('warn databases not checked: a running service holds them; stop it to have them checked');
  });

  test('after a service its databases are checked', async () => {
    const { dataDir, stop } = await startApplication();
    await stop();
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: dataDir });
    expect(status).toBe(0);
    expect(lines).toContain('ok conversations.db integrity: ok');
    expect(lines).toContain('ok knowledge.db integrity: ok');
  });

  test('a damaged database fails by name', async () => {
    const dataDir = temporaryDirectory();
    writeFileSync(join(dataDir, 'knowledge.db'), 'this is no database, and long enough to be looked at as one '.repeat(100));
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: dataDir });
    expect(status).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(/^fail knowledge\.db access: STORE_CORRUPT: .*; restore it from a backup/));
  });

  test('each wrong setting is a line, with what was meant', async () => {
    const { status, lines } = await runDoctor({ BANYAN_PROT: '1', BANYAN_TOP_K: '0' });
    expect(status).toBe(1);
    expect(lines).toContainEqual(expect.stringContaining('fail settings unknown setting BANYAN_PROT, did you mean BANYAN_PORT?'));
    expect(lines).toContainEqual(expect.stringContaining('fail settings expected BANYAN_TOP_K to be an integer from 1 to 50, got: "0"'));
  });

  test('a port that another program has fails', async () => {
    const other = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const { status, lines } = await runDoctor({ BANYAN_PORT: String(port), BANYAN_DATA_DIR: temporaryDirectory() });
    expect(status).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^fail port ${port} on 127\\.0\\.0\\.1 is used by another program .*BANYAN_PORT$`)));
  });

  test('data that a process holds which does not serve is a warning', async () => {
    const dataDir = temporaryDirectory();
    const lock = await lockDataDirectory(dataDir, { waitMs: 0 });
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: dataDir });
    lock.release();
    expect(status).toBe(0);
    expect(lines).toContainEqual(expect.stringContaining(`warn data ${dataDir} is held by process ${process.pid}, and no service answers`));
  });

  test('a data directory that is a file fails', async () => {
    const file = join(temporaryDirectory(), 'data');
    writeFileSync(file, '');
    const { status, lines } = await runDoctor({ BANYAN_DATA_DIR: file });
    expect(status).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(/^fail data .*cannot be used: .*; make it writable or set BANYAN_DATA_DIR$/));
  });

  test('leaves no file behind in a directory that it looked at, but the lock', async () => {
    const dataDir = temporaryDirectory();
    await runDoctor({ BANYAN_DATA_DIR: dataDir });
    expect(readdirSync(dataDir)).toEqual(['lock.db']);
  });
});
