import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';

const CERTIFICATES = join(import.meta.dirname, 'certificates');

/** The authority that the front's certificate is of. It was made for these tests; its key is gone. */
export const AUTHORITY = join(CERTIFICATES, 'authority.pem');

export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

/** Ends TLS for `*.provider.test`, with a certificate of a private authority, before plain servers by name. */
export async function startTlsFront(urls: Readonly<Record<string, string>>): Promise<TlsFront> {
  const sockets = new Set<TLSSocket>();
  const options = { key: readFileSync(join(CERTIFICATES, 'server-key.pem')), cert: readFileSync(join(CERTIFICATES, 'server.pem')) };
  const server = createServer(options, (socket) => {
    sockets.add(socket);
    const [name = ''] = String(socket.servername).split('.');
    const plain = connect(Number(new URL(urls[name] ?? '').port), '127.0.0.1');
    socket.on('error', () => void plain.destroy()).once('close', () => void sockets.delete(socket));
    plain.on('error', () => void socket.destroy());
    socket.pipe(plain).pipe(socket);
  });
  // A client that does not trust the certificate.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
