import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from '@fastify/websocket';
import { Type } from 'typebox';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { App, Gateway } from '../app.ts';
import { CLOSED, Count, SessionId } from '../schemas/limits.ts';
import { checker } from '../validation.ts';
import { ChatSocket } from './chat-socket.ts';
import { Departures } from './departures.ts';
import { CLOSE } from './socket-link.ts';

const ChatQuery = Type.Object({ session: Type.Optional(SessionId), after: Type.Optional(Count) }, CLOSED);
const checkQuery = checker(ChatQuery, 'INVALID_REQUEST');

/** `GET /ws`: its query is checked here and not by Fastify, since a browser cannot read a refused upgrade. */
export function chatRoute(app: App, gateway: Gateway): void {
  const departures = new Departures(gateway.services);
  app.addHook('onClose', () => departures.stop());
  const responses = new WeakMap<IncomingMessage, ServerResponse>();
  const onError = (error: Error): void => gateway.services.logger.debug({ error }, 'Socket failed');
  app.route({
    method: 'GET',
    url: '/ws',
    schema: { hide: true },
    preHandler: (request, reply, done) => done(void responses.set(request.raw, reply.raw)),
    wsHandler: (socket, request) => {
      open(socket, request, gateway, departures);
      releaseHttp(socket, request.raw, responses.get(request.raw));
      socket.on('error', onError);
    },
    handler: () => {
      throw new ServiceError('ROUTE_NOT_FOUND', 'a request for a chat that asks for no WebSocket');
    },
  });
}

/**
 * A socket would keep the HTTP request from which it came for as long as it lives, half as much memory again as its own:
 * by the response that Node ties to the connection, and by the plugin's listener.
 */
function releaseHttp(socket: WebSocket, request: IncomingMessage, response: ServerResponse | undefined): void {
  response?.detachSocket(request.socket);
  socket.removeAllListeners('error');
}

function open(socket: WebSocket, request: FastifyRequest, gateway: Gateway, departures: Departures): void {
  const { services, connections } = gateway;
  try {
    const { session, after } = checkQuery(request.query);
    if (connections.sockets.size >= services.config.maxConnections) throw new ServiceError('OVERLOADED', 'too many sockets are open');
    const position = after === undefined ? undefined : Number(after);
    new ChatSocket(socket, gateway, departures, { session, after: position, clientKey: request.ip, connection: request.raw.socket }).start();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    socket.send(JSON.stringify({ type: 'error', error: toErrorBody(error) }));
    socket.close(error.code === 'OVERLOADED' ? CLOSE.tryAgain : CLOSE.invalidQuery, error.code);
  }
}
