import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '#src/errors.ts';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface CheckedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly isUpgrade: boolean;
}

/**
 * Gives the check that keeps foreign web pages out: browsers let any page send requests and open WebSockets to this
 * service, and say so in `Origin` and `Sec-Fetch-Site`. A service on the loopback address also checks the name it was
 * called by: a page can make its own name point there (DNS rebinding). Throws ORIGIN_REFUSED.
 *
 * @param host the address that the service listens on
 */
export function originCheck(host: string): (request: CheckedRequest) => void {
  const isLocal = isLoopback(host);
  /** Nearly every request names the same one. */
  let lastName: string | undefined = host;
  return ({ method, headers, isUpgrade }) => {
    if (isLocal && headers.host !== lastName) {
      if (!isLoopback(hostName(headers.host ?? ''))) throw new ServiceError('ORIGIN_REFUSED', `host ${headers.host} is not this machine`);
      lastName = headers.host;
    }
    if (SAFE_METHODS.has(method) && !isUpgrade) return;
    const { origin } = headers;
    if (origin !== undefined && !isSameHost(origin, headers.host)) throw new ServiceError('ORIGIN_REFUSED', `origin ${origin} is foreign`);
    if (headers['sec-fetch-site'] === 'cross-site') throw new ServiceError('ORIGIN_REFUSED', 'the request was sent by a foreign page');
  };
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** The name or address of a `Host` header, without the port. */
function hostName(host: string): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : (host.split(':', 1)[0] ?? '');
}

/** Names below `.localhost` are the loopback address by RFC 6761. */
function isLoopback(name: string): boolean {
  const lower = name.toLowerCase();
  if (lower === 'localhost' || lower.endsWith('.localhost') || lower === '::1') return true;
  return isIP(lower) === 4 && lower.startsWith('127.');
}
