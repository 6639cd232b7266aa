import type { AddressInfo } from 'node:net';
import type { App, Gateway } from '#src/gateway/app.ts';
import { Connections } from '#src/gateway/connections.ts';
import { createServer } from '#src/gateway/server.ts';
import type { GatewayServices } from '#src/gateway/services.ts';
import { ServiceError } from '#src/errors.ts';
import type { OpenServer } from '#supervisors/kernel/handles/server.ts';
import { server } from '#supervisors/kernel/handles/server.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { drain } from './drain.ts';

export type { GatewayServices } from '#src/gateway/services.ts';

export const GATEWAY = 'gateway';

/** What the gateway tells the rest of the process. */
export interface GatewayTable {
  /** `http://127.0.0.1:4000` */
  readonly url: string;
}

/** Start function of the gateway: up when it listens. Fails with PORT_IN_USE. */
export function gatewayAgent(services: GatewayServices): StartFunction {
  return server(({ signal }) => openGateway(services, signal));
}

/** Where the gateway listens. Throws ACTOR_DOWN while it does not. */
export function gatewayUrl(kernel: Kernel): string {
  const table = kernel.table<GatewayTable>(GATEWAY);
  if (table === undefined) throw new ServiceError('ACTOR_DOWN', `${GATEWAY} is down`);
  return table.url;
}

async function openGateway(services: GatewayServices, signal: AbortSignal): Promise<OpenServer> {
  const gateway: Gateway = { services, connections: new Connections() };
  const app = await createServer(gateway);
  try {
    await listen(app, services, signal);
  } catch (error) {
    await app.close();
    throw error;
  }
  const url = urlOf(app.server.address() as AddressInfo);
  services.logger.info({ url }, `listening on ${url}`);
  return {
    close: () => drain(app, gateway),
    destroy: () => destroy(app, gateway),
    state: () => (gateway.connections.isDraining ? 'draining' : 'listening'),
    table: { url } satisfies GatewayTable,
  };
}

const PORT_RETRY_MS = 100;

/** A port that another process is about to leave is waited for as long as the data directory is. */
async function listen(app: App, { config: { host, port, lockWaitMs }, kernel: { clock } }: GatewayServices, signal: AbortSignal): Promise<void> {
  const giveUpAt = clock.now() + lockWaitMs;
  for (;;) {
    try {
      await app.listen({ host: addressOf(host), port });
      return;
    } catch (error) {
      if (!isPortInUse(error)) throw error;
      if (clock.now() >= giveUpAt || signal.aborted) throw new ServiceError('PORT_IN_USE', `port ${port} on ${host} is in use`, { cause: error });
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, PORT_RETRY_MS));
    }
  }
}

/** For `localhost` Fastify would open a second server, whose connections nobody counts. */
function addressOf(host: string): string {
  return host === 'localhost' ? '127.0.0.1' : host;
}

function isPortInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Frees the port and everything that is open, at once. */
async function destroy(app: App, { connections }: Gateway): Promise<void> {
  connections.isDraining = true;
  const closed = app.close();
  connections.destroy();
  await closed;
}
