import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** When to cut a connection: after so many bytes of the service, or of the client. */
export interface Cut {
  readonly of: 'service' | 'client';
  readonly bytes: number;
}

export interface Relay {
  readonly url: string;
  /** Connections that were made so far. */
  readonly count: number;
  /** Each next connection is cut by one of these, in order; those after them are left alone. */
  cutNext(cuts: readonly Cut[]): void;
  /** Cuts every open connection. */
  cutAll(): void;
  /** Takes connections and passes nothing on, as a network does that lost its way. */
  isSilent: boolean;
}

/** Passes TCP on to the service at `url`, and cuts connections as told. It ends with the test. */
export async function startRelay(url: string): Promise<Relay> {
  const target = new URL(url);
  const open = new Set<Socket>();
  const cuts: Cut[] = [];
  const server = createServer((client) => {
    relay.count += 1;
    const service = connect(Number(target.port), target.hostname);
    const cut = cuts.shift();
    join(client, service, cut?.of === 'client' ? cut.bytes : Number.POSITIVE_INFINITY);
    join(service, client, cut?.of === 'service' ? cut.bytes : Number.POSITIVE_INFINITY);
  });
  function join(from: Socket, to: Socket, bytes: number): void {
    let left = bytes;
    open.add(from);
    from.on('data', (data: Buffer) => {
      if (relay.isSilent) return;
      to.write(data.subarray(0, left));
      left -= data.length;
      if (left < 0) setImmediate(() => from.destroy());
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      open.delete(from);
      to.destroySoon();
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: 0,
    isSilent: false,
    cutNext: (next: readonly Cut[]) => void cuts.push(...next),
    cutAll: () => open.forEach((socket) => socket.destroy()),
  };
  onTestFinished(() => {
    relay.cutAll();
    server.close();
  });
  return relay;
}
