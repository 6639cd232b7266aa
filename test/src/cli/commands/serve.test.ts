import { describe, expect, test } from 'vitest';
import { freePort, startServe } from '../../../support/serve-process.ts';
import { runCli } from '../../../support/run-cli.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

describe('banyan serve', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)('serves until %s, then ends with 0', async (signal) => {
    const { url, child, ended } = await startServe(await freePort(), temporaryDirectory());
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    child.kill(signal);
    expect((await ended).status).toBe(0);
  });

  test('a second one on the same data is refused by the name of the first', async () => {
    const dataDir = temporaryDirectory();
    const { child } = await startServe(await freePort(), dataDir);
    const { status, stderr } = await runCli(['serve'], { env: { BANYAN_PORT: String(await freePort()), BANYAN_DATA_DIR: dataDir } });
    expect(status).toBe(1);
    expect(stderr).toContain(`DATA_DIR_LOCKED: ${dataDir} is held by process ${child.pid}`);
  });

  test('a second one on the same port is refused', async () => {
    const port = await freePort();
    await startServe(port, temporaryDirectory());
    const { status, stderr } = await runCli(['serve'], { env: { BANYAN_PORT: String(port), BANYAN_DATA_DIR: temporaryDirectory() } });
    expect({ status, stderr: stderr.split('\n', 1)[0] }).toEqual({ status: 1, stderr: `PORT_IN_USE: port ${port} on 127.0.0.1 is in use` });
  });
});
