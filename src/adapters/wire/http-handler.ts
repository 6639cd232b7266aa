import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { sharedAgents } from './proxy.ts';

/** Of the connection alone; how long an answer may take is said by each call's signal. */
const CONNECTION_TIMEOUT_MS = 3000;

/**
 * What clients of AWS send their requests by: HTTP/1.1 over the agents of the process, and so through its proxy. The
 * handler of their own choice would speak HTTP/2, which takes none.
 */
export async function createHttpHandler(): Promise<NodeHttpHandler> {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler');
  return new NodeHttpHandler({ connectionTimeout: CONNECTION_TIMEOUT_MS, ...sharedAgents() });
}
