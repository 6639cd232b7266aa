import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { fastify } from 'fastify';
import { ServiceError } from '#src/errors.ts';
import type { App } from './app.ts';

const DESCRIPTION = `Answers questions from your own documents.

Every refusal is \`{"error": {code, message, retryable, retry_after_ms?, details?}}\`. The chat itself is the WebSocket
\`/ws\` (docs/protocol.md).`;

/** A server that never listens: it knows the schemas of the routes, and serves their description below `/docs` as `app` would. */
export async function createOpenApiPages({ errorHandler }: App, routes: readonly RouteOptions[], version: string): Promise<FastifyInstance> {
  const pages = fastify({ genReqId: () => randomUUID() });
  pages.setErrorHandler(errorHandler);
  pages.setNotFoundHandler(({ url }) => {
    throw new ServiceError('ROUTE_NOT_FOUND', `no page ${url.slice(0, 200)}`);
  });
  // The routes are described and never called.
  pages.setValidatorCompiler(() => () => true);
  pages.setSerializerCompiler(() => JSON.stringify);
  await pages.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Banyan', description: DESCRIPTION, version },
      tags: ['questions', 'sessions', 'documents', 'status', 'admin'].map((name) => ({ name })),
    },
  });
  await pages.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  for (const { method, url, schema = {} } of routes) if (method !== 'HEAD') pages.route({ method, url, schema, handler: () => undefined });
  await pages.ready();
  return pages;
}
