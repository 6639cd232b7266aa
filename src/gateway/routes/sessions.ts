import { frameLog } from '#agents/frames/frames.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { SessionRecord, TurnRecord } from '#src/ports/store.ts';
import type { App, Gateway } from '../app.ts';
import { isoTime, readPage } from '../page.ts';
import { requireSession } from '../questions.ts';
import { replies } from '../schemas/errors.ts';
import { PageQuery } from '../schemas/limits.ts';
import { CancelBody, CancelReply, EventsQuery, SessionList, SessionParams, SessionWithTurns } from '../schemas/sessions.ts';
import { EventStreamText, NoContent } from '../schemas/status.ts';
import type { GatewayServices } from '../services.ts';
import { streamSession } from '../streams/stream-session.ts';

const tags = ['sessions'];

/** Conversations: list, read, resume, stop, forget. */
export function sessionRoutes(app: App, gateway: Gateway): void {
  listSessions(app, gateway);
  getSession(app, gateway);
  deleteSession(app, gateway);
  cancelTurn(app, gateway);
  resumeSession(app, gateway);
}

function listSessions(app: App, { services: { store } }: Gateway): void {
  const schema = { summary: 'Sessions, latest first', tags, querystring: PageQuery, response: replies({ 200: SessionList }, ['STORE_UNAVAILABLE']) };
  app.get('/sessions', { schema }, async (request) => {
    const { items, cursor } = await store.conversations.listSessions(readPage(request.query));
    return { sessions: items.map(toSession), cursor };
  });
}

function getSession(app: App, { services: { store } }: Gateway): void {
  const response = replies({ 200: SessionWithTurns }, ['SESSION_NOT_FOUND', 'STORE_UNAVAILABLE']);
  const schema = { summary: 'A session with its turns, oldest first', tags, params: SessionParams, querystring: PageQuery, response };
  app.get('/sessions/:id', { schema }, async (request) => {
    const { id } = request.params;
    const [session, turns] = await Promise.all([
      store.conversations.getSession(id),
      store.conversations.listTurns(id, readPage(request.query)),
    ]);
    return { ...toSession(session), turns: turns.items.map(toTurn), cursor: turns.cursor };
  });
}

function deleteSession(app: App, { services }: Gateway): void {
  const { store, kernel } = services;
  const response = replies({ 204: NoContent }, ['SESSION_NOT_FOUND', 'STORE_UNAVAILABLE']);
  app.delete('/sessions/:id', { schema: { summary: 'Forget a session', tags, params: SessionParams, response } }, async (request, reply) => {
    const { id } = request.params;
    await store.conversations.getSession(id);
    await cancelTurns(services, id).catch(ifNothingRuns);
    await store.conversations.deleteSession(id);
    frameLog(kernel)?.forget(id);
    return reply.code(204).send();
  });
}

function cancelTurn(app: App, { services: { sessions } }: Gateway): void {
  const response = replies({ 200: CancelReply }, ['SESSION_NOT_FOUND', 'TURN_NOT_FOUND', 'TURN_ENDED', 'ACTOR_DOWN', 'ASK_TIMEOUT']);
  const schema = { summary: 'Stop a turn, the running one where none is named', tags, params: SessionParams, body: CancelBody, response };
  app.post('/sessions/:id/cancel', { schema, preValidation: (request, _reply, done) => done(void (request.body ??= {})) }, async (request) => {
    const { turn, end } = await sessions.cancel(request.params.id, request.body.turn);
    return { turn, ...end };
  });
}

function resumeSession(app: App, gateway: Gateway): void {
  const response = replies({ 200: EventStreamText }, ['SESSION_NOT_FOUND', 'STORE_UNAVAILABLE', 'DRAINING', 'ACTOR_DOWN']);
  const description = 'Server-sent events: `event` is the type of the frame, `id` its `seq`. Continues after `after`, or after the header `Last-Event-ID`.';
  const schema = { summary: 'Follow or resume a session', description, tags, params: SessionParams, querystring: EventsQuery, response };
  app.get('/sessions/:id/events', { schema }, async (request, reply) => {
    if (gateway.connections.isDraining) throw new ServiceError('DRAINING');
    await requireSession(gateway.services, request.params.id);
    return streamSession(gateway, reply, request.params.id, positionOf(request.query.after, request.headers['last-event-id']));
  });
}

/** What a browser's EventSource sends when it comes back is later than what its address says. */
function positionOf(after: string | undefined, lastEventId: string | string[] | undefined): number | undefined {
  const given = typeof lastEventId === 'string' && /^\d{1,15}$/.test(lastEventId) ? lastEventId : after;
  return given === undefined ? undefined : Number(given);
}

/** Those that wait, too: each comes to run when the one before it is cancelled. Rejects with TURN_NOT_FOUND after the last. */
async function cancelTurns({ sessions, config }: GatewayServices, session: string): Promise<void> {
  for (let turns = 0; turns <= config.sessionQueueLength; turns += 1) await sessions.cancel(session);
}

function ifNothingRuns(error: unknown): void {
  if (!(error instanceof ServiceError)) throw error;
}

function toSession({ id, title, turnCount, createdAt, updatedAt }: SessionRecord) {
  return { id, title, turn_count: turnCount, created_at: isoTime(createdAt), updated_at: isoTime(updatedAt) };
}

function toTurn({ id, askId, question, state, acceptedAt, endedAt, end, error }: TurnRecord) {
  const ended_at = endedAt === null ? null : isoTime(endedAt);
  return { id, ask_id: askId, question, state, accepted_at: isoTime(acceptedAt), ended_at, end, error };
}
