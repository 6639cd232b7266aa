import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { runCli } from '../../../support/run-cli.ts';
import { startApplication } from '../../../support/start-application.ts';

describe('banyan tree', () => {
  test('draws the running tree once where the output is no terminal', async () => {
    const { url } = await startApplication();
    const { status, stdout, stderr } = await runCli(['tree', '--url', url]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^banyan +running +one_for_one$/m);
    for (const name of ['store', 'guards', 'rag', 'ingest', 'frames', 'sessions', 'health', 'gateway']) expect(stdout).toMatch(new RegExp(`^[├└]─ ${name} +running`, 'm'));
    expect(stdout).toMatch(/^│ {2}├─ cache +running$/m);
    expect(stdout).toMatch(/^\d+ processes, 0 restarts$/m);
  });

  test('shows a restart', async () => {
    const { url, kernel } = await startApplication();
    const before = kernel.whereis('cache');
    await fetch(`${url}/admin/actors/cache/kill`, { method: 'POST' });
    await eventually(() => expect(kernel.whereis('cache')).toBeGreaterThan(before ?? 0));
    const { stdout } = await runCli(['tree', '--once', '--url', url]);
    expect(stdout).toMatch(/^│ {2}├─ cache +running +1 restart$/m);
    expect(stdout).toMatch(/^\d+ processes, 1 restart$/m);
  });

  test('another program at the address is no Banyan', async () => {
    const other = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await runCli(['tree', '--url', url])).toMatchObject({ status: 1, stderr: `What answers at ${url}/ is no Banyan: it answered 200 without JSON. Name the service with --url.\n` });
  });
});
