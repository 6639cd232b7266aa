import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { App } from './app.ts';

/**
 * Describes the routes that are added after this at `/docs`, and as JSON at `/docs/json`. The pages are made when somebody
 * first asks for one: to load what makes them takes a sixth of the whole start.
 */
export function serveOpenApi(app: App, version: string): void {
  const routes: RouteOptions[] = [];
  let pages: Promise<FastifyInstance> | undefined;
  const createPages = async (): Promise<FastifyInstance> => {
    const { createOpenApiPages } = await import('./openapi-pages.ts');
    return createOpenApiPages(app, routes, version);
  };
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    pages ??= createPages();
    const { routing } = await pages;
    reply.hijack();
    routing(request.raw, reply.raw);
  };
  app.get('/docs', serve);
  app.get('/docs/*', serve);
  app.addHook('onRoute', (route) => void routes.push(route));
}
