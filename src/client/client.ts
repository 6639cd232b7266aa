/** `banyan/client`: asks a Banyan service from a browser or from Node, and outlives its connections. */
import type { Banyan, ConnectOptions } from './api.ts';
import { SessionClient } from './session-client.ts';

export type * from './api.ts';
export { BanyanError } from './banyan-error.ts';

/** See `connect` of ./api.ts. Throws TypeError for an address or a key that cannot be one. */
export function connect(options: ConnectOptions): Banyan {
  const client = new SessionClient(options);
  client.open();
  return client;
}
