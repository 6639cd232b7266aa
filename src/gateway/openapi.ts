import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { App } from './app.ts';

const DESCRIPTION = `Answers questions from your own documents.

Every refusal is \`{"error": {code, message, retryable, retry_after_ms?, details?}}\`. The chat itself is the WebSocket
\`/ws\` (docs/protocol.md).`;

/** Describes the routes that are added after this at `/docs`, and as JSON at `/docs/json`. */
export async function serveOpenApi(app: App, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Banyan', description: DESCRIPTION, version },
      tags: ['questions', 'sessions', 'documents', 'status', 'admin'].map((name) => ({ name })),
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
}
