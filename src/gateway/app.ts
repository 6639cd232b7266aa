import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { Connections } from './connections.ts';
import type { GatewayServices } from './services.ts';

/** Fastify, with handlers typed by the schemas of their routes. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>;

/** What routes and sockets share. */
export interface Gateway {
  readonly services: GatewayServices;
  readonly connections: Connections;
}
