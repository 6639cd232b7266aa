import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '#config/schema.ts';
import { ServiceError } from '#src/errors.ts';
import { Failure } from '../failure.ts';
import { request, Unreachable } from '../service-client.ts';
import { urlOfSettings } from '../service-url.ts';
import type { Finding } from './finding.ts';

/** The reply of `GET /health`. */
interface Health {
  readonly status: 'healthy' | 'degraded' | 'critical';
  readonly components: Readonly<Record<string, string>>;
  readonly uptime_seconds: number;
  readonly version: string;
}

const TIMEOUT_MS = 3000;
const SUBJECT = 'port';

/** What is at the address of the settings: nothing, a Banyan, or another program. */
export async function checkService({ host, port }: Pick<Config, 'host' | 'port'>): Promise<{ readonly finding: Finding; readonly isServing: boolean }> {
  if (port === 0) return { finding: { status: 'ok', subject: SUBJECT, message: 'any free one will be taken' }, isServing: false };
  const url = urlOfSettings({ host, port });
  try {
    return { finding: describeHealth(url, await request<Health>(url, 'health', { timeoutMs: TIMEOUT_MS })), isServing: true };
  } catch (error) {
    if (error instanceof Unreachable) return { finding: await tryPort(host, port), isServing: false };
    if (error instanceof Failure) return { finding: taken(host, port, 'it is no Banyan'), isServing: false };
    if (error instanceof ServiceError) return { finding: { status: 'fail', subject: SUBJECT, message: `${url.origin} answers ${error.code}: ${error.message}` }, isServing: true };
    throw error;
  }
}

export function describeHealth({ origin }: URL, { status, version, uptime_seconds: uptime, components }: Health): Finding {
  const message = `${origin} is served by Banyan ${version}, ${status}, up for ${describeDuration(uptime)}`;
  if (status === 'healthy') return { status: 'ok', subject: SUBJECT, message };
  const bad = Object.entries(components).filter(([, state]) => state !== 'up');
  const named = bad.map(([name, state]) => `${name} is ${state}`).join(', ');
  return { status: status === 'critical' ? 'fail' : 'warn', subject: SUBJECT, message: `${message}: ${named}`, advice: 'see banyan tree and the log' };
}

function describeDuration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** Listens for a moment, as `serve` would. */
async function tryPort(host: string, port: number): Promise<Finding> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return { status: 'ok', subject: SUBJECT, message: `${port} on ${host} is free; no service is running` };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'EADDRINUSE' ? taken(host, port, 'it speaks no HTTP') : cannotListen(host, port, message);
  } finally {
    server.close();
  }
}

function taken(host: string, port: number, why: string): Finding {
  return { status: 'fail', subject: SUBJECT, message: `${port} on ${host} is used by another program (${why})`, advice: 'end it or set BANYAN_PORT' };
}

function cannotListen(host: string, port: number, why: string): Finding {
  return { status: 'fail', subject: SUBJECT, message: `${port} on ${host} cannot be listened on (${why})`, advice: 'set BANYAN_HOST and BANYAN_PORT' };
}
