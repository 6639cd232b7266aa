import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import websocket from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { fastify, LogController } from 'fastify';
import { ServiceError } from '#src/errors.ts';
import type { App, Gateway } from './app.ts';
import { chatRoute } from './chat/chat-route.ts';
import { replyToMalformedHttp, replyWithError } from './error-reply.ts';
import { readJsonBodies } from './json-body.ts';
import { serveOpenApi } from './openapi.ts';
import { originCheck } from './origin.ts';
import { adminRoutes } from './routes/admin.ts';
import { crashRoutes } from './routes/crashes.ts';
import { documentRoutes } from './routes/documents.ts';
import { feedbackRoute } from './routes/feedback.ts';
import { indexingRoutes } from './routes/indexing.ts';
import { jobRoutes } from './routes/jobs.ts';
import { modelRoutes } from './routes/models.ts';
import { pageRoutes } from './routes/pages.ts';
import { queryRoute } from './routes/query.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { statusRoutes } from './routes/status.ts';
import { uploadLimits } from './upload.ts';
import { compileSchema, refusal } from './validation.ts';

/** A document's id of 512 characters, each written as %XX of up to four bytes. */
const MAX_PARAM_LENGTH = 512 * 12;
/** Time for a whole request to arrive: the largest body over a slow line. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Beyond what the setting allows, so that health checks and pages are served when sockets have used it up. */
const SPARE_CONNECTIONS = 256;
/** A frame that is somewhat too large is told so; a larger one is cut off unread. */
const READ_FRAME_FACTOR = 4;

/** Makes the server with all its routes; it does not listen yet. */
export async function createServer(gateway: Gateway): Promise<App> {
  const { config, logger, version } = gateway.services;
  const app = createFastify(gateway);
  readJsonBodies(app);
  app.setValidatorCompiler(({ schema }) => compileSchema(schema as object));
  // Replies are made by us from typed values: JSON.stringify is faster for long texts than a compiled serialiser.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => replyWithError(error, request, reply, logger));
  app.setNotFoundHandler((request) => {
    throw new ServiceError('ROUTE_NOT_FOUND', `no route ${request.method} ${request.url.slice(0, 200)}`);
  });
  serveOpenApi(app, version);
  await app.register(websocket, { options: socketOptions(gateway), preClose: (done) => done(), errorHandler: (error) => logger.debug({ error }, 'Socket failed') });
  // After the plugin, which marks upgrades: a refused one is hung up on by that mark.
  keepForeignPagesOut(app, config.host);
  await addRoutes(app, gateway);
  app.server.on('connection', (socket) => gateway.connections.track(socket));
  app.server.maxConnections = config.maxConnections + SPARE_CONNECTIONS;
  await app.ready();
  return app;
}

function createFastify({ services: { config, logger } }: Gateway): App {
  return fastify({
    // Its own lines are about requests and addresses, which we log where they mean something.
    loggerInstance: logger.child({}, { level: logger.isLevelEnabled('info') ? 'warn' : logger.level }),
    // A logger of its own for each request would cost more than an answer from the cache.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    bodyLimit: config.maxBodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    clientErrorHandler: replyToMalformedHttp,
    http: { shouldUpgradeCallback: asksForWebSocket },
    frameworkErrors: (error, request, reply) => replyWithError(error, request as FastifyRequest, reply as never, logger),
    schemaErrorFormatter: (errors, part) => refusal('INVALID_REQUEST', errors, part),
  }) as unknown as App;
}

/** Clients that offer HTTP/2 by an upgrade (Java's do by themselves) are answered by HTTP/1.1, as if they had not. */
function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** Unlike in every process, counted within one. */
function requestIds(): () => string {
  const prefix = randomBytes(6).toString('base64url');
  let count = 0;
  return () => `${prefix}-${(count += 1)}`;
}

function keepForeignPagesOut(app: App, host: string): void {
  const check = originCheck(host);
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, headers } = request.raw;
    check({ method: method ?? '', headers, isUpgrade: headers.upgrade !== undefined });
    done();
  });
}

function socketOptions({ services: { config } }: Gateway) {
  return {
    maxPayload: config.maxFrameBytes * READ_FRAME_FACTOR,
    perMessageDeflate: false,
    // The gateway counts them itself; the list of `ws` keeps every request in memory as long as its socket.
    clientTracking: false,
    // The chat checks it itself, to say so before it closes.
    skipUTF8Validation: true,
    handleProtocols: (offered: Set<string>) => (offered.has('banyan.v1') ? ('banyan.v1' as const) : (false as const)),
  };
}

async function addRoutes(app: App, gateway: Gateway): Promise<void> {
  chatRoute(app, gateway);
  queryRoute(app, gateway);
  feedbackRoute(app, gateway);
  sessionRoutes(app, gateway);
  documentRoutes(app, gateway);
  jobRoutes(app, gateway);
  statusRoutes(app, gateway);
  adminRoutes(app, gateway);
  crashRoutes(app, gateway);
  modelRoutes(app, gateway);
  await pageRoutes(app);
  // In a scope of its own: the parser of uploads hooks into every request of its scope.
  await app.register(async (scope) => {
    await scope.register(multipart, { preservePath: true, limits: uploadLimits(gateway.services.config) });
    indexingRoutes(scope as unknown as App, gateway);
  });
}
