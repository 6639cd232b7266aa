import { randomUUIDv7 } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Ask, KeptAnswer } from '#agents/session/session.agent.ts';
import { stringifyWithSources, writeKeptAnswer } from '#src/answer-json.ts';
import type { App, Gateway } from '../app.ts';
import { endOfLoopTurn } from '../loop-turn.ts';
import { admit, checkQuestion, pickOptions, requireSession } from '../questions.ts';
import { QueryBody, QueryReply } from '../schemas/answers.ts';
import { replies } from '../schemas/errors.ts';
import { answerUnlessGone } from '../streams/answer-unless-gone.ts';
import { streamAnswer } from '../streams/stream-answer.ts';
import { fieldRefusal } from '../validation.ts';

type Body = Static<typeof QueryBody>;

const JSON_TYPE = 'application/json; charset=utf-8';

const QUERY_ERRORS = [
  'INVALID_JSON', 'QUESTION_EMPTY', 'QUESTION_TOO_LONG', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'SESSION_NOT_FOUND',
  'RATE_LIMITED', 'OVERLOADED', 'DRAINING', 'ACTOR_DOWN', 'STORE_UNAVAILABLE', 'STORE_FULL', 'RETRIEVAL_UNAVAILABLE',
  'MODEL_UNAVAILABLE', 'TURN_INTERRUPTED', 'TURN_TIMEOUT', 'TURN_EXPIRED', 'TURN_POISONED',
] as const; // prettier-ignore

/** `POST /query`: one question, answered as JSON or as a stream of its frames. */
export function queryRoute(app: App, gateway: Gateway): void {
  const schema = {
    summary: 'Ask a question',
    description: 'With `stream: true` or `Accept: text/event-stream` the frames of the turn come as server-sent events.',
    tags: ['questions'],
    body: QueryBody,
    response: replies({ 200: QueryReply }, QUERY_ERRORS),
  };
  const { connections } = gateway;
  app.post('/query', { schema }, async (request, reply) => {
    connections.answering += 1;
    try {
      return await answer(gateway, request, reply, request.body);
    } finally {
      connections.answering -= 1;
    }
  });
}

async function answer(gateway: Gateway, request: FastifyRequest, reply: FastifyReply, body: Body): Promise<FastifyReply> {
  const { services } = gateway;
  const ask = readAsk(body, services.config.maxQuestionCharacters);
  await admit(services, request.ip);
  const session = body.session ?? randomUUIDv7();
  if (body.session !== undefined) await requireSession(services, session);
  const question = { session, isNew: body.session === undefined, ask };
  if (wantsStream(body, request)) return streamAnswer(gateway, reply, question);
  // A session of its own may hear of its turns over sockets: its questions go through its actor.
  const kept = question.isNew ? services.sessions.answerFromCache(session, ask) : undefined;
  if (kept !== undefined) return sendKept(reply, session, kept);
  const { turn, end } = await answerUnlessGone(services, reply, question);
  // The sources were written for the log of frames.
  return reply.type(JSON_TYPE).send(stringifyWithSources({ ...end, turn, session }));
}

function readAsk(body: Body, maxCharacters: number): Ask {
  const { question, query } = body;
  if (question !== undefined && query !== undefined) {
    throw fieldRefusal('INVALID_REQUEST', { field: 'query', expected: 'absent where question is given', got: 'both' });
  }
  const text = question ?? query;
  if (text === undefined) throw fieldRefusal('INVALID_REQUEST', { field: 'question', expected: 'a text', got: 'nothing' });
  checkQuestion(text, maxCharacters);
  return { id: crypto.randomUUID(), question: text, options: pickOptions(body) };
}

function wantsStream({ stream }: Body, { headers }: FastifyRequest): boolean {
  return stream ?? headers.accept?.includes('text/event-stream') ?? false;
}

/**
 * The bytes of the answer are kept with it: an answer that is given again costs little more than being sent. Fastify would
 * want them in one piece, and copying them costs a twentieth of the request.
 */
async function sendKept(reply: FastifyReply, session: string, { turn, answer, latencyMs }: KeptAnswer): Promise<FastifyReply> {
  await endOfLoopTurn();
  const { head, tail } = writeKeptAnswer(answer, { turn, session, cache_hit: true, latency_ms: Math.round(latencyMs) });
  const { raw: response } = reply.hijack();
  response.writeHead(200, { 'content-type': JSON_TYPE, 'content-length': Buffer.byteLength(head) + tail.length });
  response.write(head);
  response.end(tail);
  return reply;
}
