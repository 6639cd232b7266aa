/** A number beyond every log, and within the 15 digits that the service reads: who comes back with it gets a snapshot. */
export const BEYOND_THE_LOG = 999_999_999_999_999;
/** What a header of subprotocols may hold (RFC 9110 section 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export interface Place {
  /** Undefined begins a new session. */
  readonly session: string | undefined;
  readonly after: number | undefined;
}

/** The address that others are relative to, with `http:` or `https:`. Throws TypeError for what is none. */
export function baseAddress(address: string | URL): URL {
  const url = new URL(address);
  url.protocol = url.protocol.replace(/^ws/, 'http');
  if (!/^https?:$/.test(url.protocol)) throw new TypeError('The address of a service begins with http:, https:, ws: or wss:.');
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.search = '';
  url.hash = '';
  return url;
}

export function chatAddress(base: URL, { session, after }: Place): string {
  const url = new URL('ws', base);
  url.protocol = base.protocol.replace(/^http/, 'ws');
  if (session !== undefined) url.searchParams.set('session', session);
  if (session !== undefined && after !== undefined) url.searchParams.set('after', String(Math.min(after, BEYOND_THE_LOG)));
  return url.href;
}

/** A browser can send no header of its own with a WebSocket: the key goes as a subprotocol. Throws TypeError where it cannot. */
export function subprotocols(key: string | undefined): readonly string[] {
  if (key === undefined) return ['banyan.v1'];
  if (!TOKEN.test(key)) throw new TypeError('The key has characters that no header can hold.');
  return ['banyan.v1', `bearer.${key}`];
}
