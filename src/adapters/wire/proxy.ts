import http from 'node:http';
import https from 'node:https';

/** The environment as the entry of the process hands it over. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** Either spelling of each name; the small one wins, as everywhere. */
const PROXY_NAMES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'];
/** Where cloud machines and containers give out credentials: link-local, so that no proxy reaches them. */
const METADATA_ADDRESSES = ['169.254.169.254', '169.254.170.2', '169.254.170.23', 'metadata.google.internal'];

/**
 * Sends what this process asks of providers through `HTTPS_PROXY` and `HTTP_PROXY`, except for the hosts of `NO_PROXY`:
 * `fetch`, `node:http` and the agents of `sharedAgents` alike. Called once, before the first request; without a proxy in
 * `environment` it changes nothing. Gives back what undoes it. Throws TypeError for a proxy that is no http(s) URL.
 *
 * Private certificate authorities need no code: NODE_EXTRA_CA_CERTS holds for all of them, and for TLS to the proxy.
 */
export function useProxy(environment: ProxyEnvironment): () => void {
  const names = PROXY_NAMES.filter((name) => (environment[name] ?? '') !== '');
  if (names.length === 0) return () => {};
  for (const name of names) checkUrl(name, environment[name] ?? '');
  const unproxied = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
  const exceptions = unproxied.trim() === '*' ? '*' : [unproxied, ...METADATA_ADDRESSES].filter((host) => host !== '').join(',');
  const proxies = Object.fromEntries(names.map((name) => [name, environment[name]]));
  return http.setGlobalProxyFromEnv({ ...proxies, no_proxy: exceptions });
}

/** A wrong proxy would show as a provider that cannot be reached. The value may hold a password, so it is not repeated. */
function checkUrl(name: string, value: string): void {
  const protocol = URL.canParse(value) ? new URL(value).protocol : '';
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`expected ${name} to be an http or https URL`);
}

export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

/** The agents of the process, behind the proxy once `useProxy` was called: for what takes agents instead of fetch. */
export function sharedAgents(): Agents {
  return { httpAgent: http.globalAgent, httpsAgent: https.globalAgent };
}
