import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';

/** What the yardstick answers with. */
export interface BareRequest {
  readonly body: string;
}

export interface BareReply {
  readonly port: number;
}

/** A bare Fastify route that reads the JSON of a question and sends always the same bytes. */
process.on('message', ({ body }: BareRequest) => {
  const app = fastify();
  app.post('/query', (_request, reply) => reply.type('application/json; charset=utf-8').send(body));
  app.listen({ port: 0, host: '127.0.0.1' }).then(
    () => process.send?.({ port: (app.server.address() as AddressInfo).port } satisfies BareReply),
    (error: unknown) => {
      throw error;
    },
  );
});
