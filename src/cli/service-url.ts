import { readConfigFile } from '#config/config-file.ts';
import { loadConfig } from '#config/load.ts';
import type { Config, Environment } from '#config/schema.ts';
import { Failure, UsageError } from './failure.ts';

/** The settings as `banyan serve` would read them here. Rejects with `CONFIG_INVALID`. */
export async function readSettings(env: Environment): Promise<Config> {
  return loadConfig(env, { file: await readConfigFile(env) });
}

/** Where the service is: `--url`, else the address of the settings. Always ends in a slash. */
export async function serviceUrl(url: string | undefined, env: Environment): Promise<URL> {
  return url === undefined ? urlOfSettings(await readSettings(env)) : parseUrl(url);
}

/** Throws Failure where the settings leave the port open. */
export function urlOfSettings({ host, port }: Pick<Config, 'host' | 'port'>): URL {
  if (port === 0) throw new Failure('The settings leave the port open (0): name the service with --url.');
  return new URL(`http://${bracketed(reachable(host))}:${port}/`);
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError(`expected --url to be like http://127.0.0.1:4000, got: ${text}`);
  return new URL(url.href.replace(/[?#].*$/, '').replace(/\/*$/, '/'));
}

/** Who listens on every interface is called on the loopback one. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
