import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { RunningCli } from './run-cli.ts';
import { startCli } from './run-cli.ts';

export interface ServeProcess extends RunningCli {
  readonly url: string;
}

/** What `banyan serve` needs to serve these data on this port, whoever has them now. */
export function serveEnvironment(port: number, dataDir: string, settings: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    BANYAN_PORT: String(port),
    BANYAN_DATA_DIR: dataDir,
    BANYAN_SEED_ON_FIRST_RUN: 'false',
    BANYAN_RATE_LIMIT: '0',
    BANYAN_LOCK_WAIT_MS: '5000',
    ...settings,
  };
}

/** `banyan serve` as a process that can be killed, once it is ready. The port and the data are kept for another one. */
export async function startServe(port: number, dataDir: string, settings: Readonly<Record<string, string>> = {}): Promise<ServeProcess> {
  const running = startCli(['serve'], { env: serveEnvironment(port, dataDir, settings) });
  await running.says('listening on');
  return { ...running, url: `http://127.0.0.1:${port}` };
}

export async function killServe({ child, ended }: ServeProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
