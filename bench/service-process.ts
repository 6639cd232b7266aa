import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const MAIN = fileURLToPath(new URL('dist/main.js', ROOT));
const PROBE = new URL('./service-probe.mjs', import.meta.url).href;
const READY_TIMEOUT_MS = 15_000;
const READY_POLL_MS = 5;

export interface ServiceOptions {
  readonly dataDir: string;
  /** A program that serves as `dist/main.js` does. @defaultValue dist/main.js */
  readonly entry?: URL;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What the probe in the process tells; times since the process began or the last reset. */
export interface Reading {
  /** User and system, all threads. */
  readonly cpuUs: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Of the requests since the last reading, once `time-requests` was told. */
  readonly requestsMs: readonly number[];
}

export type ProbeCommand = 'read' | 'time-requests' | 'watch-loop' | 'reset-loop';

export interface ServiceProcess {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  probe(command: ProbeCommand): Promise<Reading>;
  /** Resident memory in MB: now, and at its peak. */
  memoryMb(): { readonly now: number; readonly peak: number };
  stop(): Promise<void>;
}

/** Runs `work` with a service in a process of its own, with a probe in it, on a free port. */
export async function withService<T>(options: ServiceOptions, work: (service: ServiceProcess) => Promise<T>): Promise<T> {
  const service = await startService(options);
  try {
    return await work(service);
  } finally {
    await service.stop();
  }
}

async function startService({ dataDir, entry, args = [], env = {} }: ServiceOptions): Promise<ServiceProcess> {
  const port = await freePort();
  const child = fork(entry === undefined ? builtMain() : fileURLToPath(entry), args, {
    execArgv: ['--import', PROBE],
    env: environment({ dataDir, port, env }),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const url = `http://127.0.0.1:${port}`;
  await whenReady(url, child);
  const memoryMb = (): { now: number; peak: number } => readMemory(pidOf(child));
  return { url, port, probe: (command) => probe(child, command), memoryMb, stop: () => stop(child) };
}

/** As an operator starts it, without a probe. */
export function spawnBuilt(place: { readonly dataDir: string; readonly port: number; readonly env: Readonly<Record<string, string>> }): ChildProcess {
  return spawn(process.execPath, [builtMain()], { env: environment(place), stdio: ['ignore', 'inherit', 'inherit'] });
}

/** As an operator starts it: how long it took to be ready, and what it holds after `idleMs`. */
export async function timeStart(dataDir: string, idleMs: number): Promise<{ readonly readyMs: number; readonly rssMb: number }> {
  const port = await freePort();
  const startedMs = performance.now();
  const child = spawnBuilt({ dataDir, port, env: {} });
  await whenReady(`http://127.0.0.1:${port}`, child);
  const readyMs = performance.now() - startedMs;
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const rssMb = readMemory(pidOf(child)).now;
  await stop(child);
  return { readyMs, rssMb };
}

function builtMain(): string {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build`);
  return MAIN;
}

/** Settings of whoever runs the benchmark stay outside. */
function environment({ dataDir, port, env }: { dataDir: string; port: number; env: Readonly<Record<string, string>> }): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('BANYAN_') && name !== 'NODE_OPTIONS');
  return {
    ...Object.fromEntries(inherited),
    BANYAN_DATA_DIR: dataDir,
    BANYAN_PORT: String(port),
    BANYAN_LOG_LEVEL: 'warn',
    BANYAN_RATE_LIMIT: '0',
    BANYAN_SEED_ON_FIRST_RUN: 'false',
    ...env,
  };
}

/** One that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits for `/readyz`. Rejects when the process ends, or is not ready in time. */
export async function whenReady(url: string, child: ChildProcess): Promise<void> {
  const giveUpAt = performance.now() + READY_TIMEOUT_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`the service ended with exit code ${child.exitCode}`);
    if (performance.now() > giveUpAt) throw new Error(`the service was not ready within ${READY_TIMEOUT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

async function probe(child: ChildProcess, command: ProbeCommand): Promise<Reading> {
  const answered = once(child, 'message');
  child.send(command);
  const [reading] = (await answered) as [Reading];
  return reading;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process has no id: it did not start');
  return pid;
}

/** From the kernel's books (proc(5)): VmRSS and VmHWM are in KiB. */
function readMemory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
