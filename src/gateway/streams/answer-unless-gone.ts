import type { FastifyReply } from 'fastify';
import { frameLog } from '#agents/frames/frames.agent.ts';
import type { Ask } from '#agents/session/session.agent.ts';
import type { AnswerEnd } from '#src/ports/answer.ts';
import type { ErrorBody } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { GatewayServices } from '../services.ts';
import { FrameFeed } from './frame-feed.ts';

/** A question of a session. */
export interface SessionAsk {
  readonly session: string;
  /** Whether the session was made for this question. */
  readonly isNew: boolean;
  readonly ask: Ask;
}

/**
 * Asks and waits for the end. A client that goes away takes its question with it, unless others listen to the session.
 * Rejects with what `Sessions.answer` rejects with, or the error that the turn ended in.
 */
export async function answerUnlessGone(services: GatewayServices, reply: FastifyReply, question: SessionAsk): Promise<{ turn: string; end: AnswerEnd }> {
  const { session, ask } = question;
  const accepted = Promise.withResolvers<string>();
  const feed = await listen(services, question, accepted.resolve);
  const onClose = (): void => {
    if (!reply.raw.writableFinished) void accepted.promise.then((turn) => cancelUnheard(services, session, turn, feed));
  };
  if (reply.raw.destroyed) onClose();
  else reply.raw.once('close', onClose);
  try {
    const { turn, outcome } = await services.sessions.answer(session, ask);
    if (outcome.state === 'failed') throw toServiceError(outcome.error);
    return { turn, end: outcome.end };
  } finally {
    reply.raw.off('close', onClose);
    feed.close();
  }
}

/** Listens to the session, as every client that waits for an answer does; tells the turn that the question became. */
async function listen({ kernel }: GatewayServices, { session, isNew, ask }: SessionAsk, onAccepted: (turn: string) => void): Promise<FrameFeed> {
  let isAccepted = false;
  const note = (records: readonly FrameRecord[]): void => {
    if (isAccepted) return;
    const accepted = records.find(({ type, json }) => type === 'accepted' && isOf(json, ask.id));
    if (accepted === undefined) return;
    isAccepted = true;
    onAccepted(accepted.turn);
  };
  const feed = new FrameFeed(kernel, session, { frames: note, gap: note, status: () => undefined });
  await (isNew ? feed.begin() : feed.open(undefined));
  return feed;
}

function isOf(json: string, askId: string): boolean {
  return (JSON.parse(json) as { readonly id?: string }).id === askId;
}

/** Stops a turn whose asker, who listened by `feed`, has gone. One that ends by itself meanwhile is fine. */
export function cancelUnheard({ kernel, sessions, logger }: GatewayServices, session: string, turn: string, feed: FrameFeed): void {
  feed.close();
  if (frameLog(kernel)?.hasListeners(session) === true) return;
  sessions.cancel(session, turn).catch((error: unknown) => {
    if (!(error instanceof ServiceError)) logger.error({ error, session }, 'A turn whose asker left was not cancelled');
  });
}

function toServiceError({ code, retry_after_ms, details }: ErrorBody): ServiceError {
  return new ServiceError(code, undefined, {
    ...(retry_after_ms === undefined ? {} : { retryAfterMs: retry_after_ms }),
    ...(details === undefined ? {} : { details }),
  });
}
