import { hit } from '#agents/rate-limit/rate-limit.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import type { GatewayServices } from './services.ts';

const BLANK = /^\s*$/;

/** Throws QUESTION_EMPTY or QUESTION_TOO_LONG. */
export function checkQuestion(question: string, maxCharacters: number): void {
  if (question.length > maxCharacters) {
    const detail = { field: 'question', expected: `at most ${maxCharacters} characters`, got: `${question.length}` };
    throw new ServiceError('QUESTION_TOO_LONG', 'the question is too long', { details: [detail] });
  }
  if (BLANK.test(question)) {
    const detail = { field: 'question', expected: 'a text that is not blank', got: 'a blank one' };
    throw new ServiceError('QUESTION_EMPTY', 'the question is blank', { details: [detail] });
  }
}

/** Counts a question against its client's limit. Rejects with RATE_LIMITED, or ACTOR_DOWN when nobody counts. */
export async function admit({ kernel, config, metrics }: GatewayServices, clientKey: string): Promise<void> {
  if (config.rateLimit === 0) return;
  const decision = await hit(kernel, clientKey);
  if (decision.allowed) return;
  metrics.errors.inc({ type: 'RATE_LIMITED' });
  throw new ServiceError('RATE_LIMITED', `client ${clientKey} asks too often`, { retryAfterMs: decision.retryAfterMs });
}

/** Resolves when the session is known: it is open, or the store has it. Rejects with SESSION_NOT_FOUND. */
export async function requireSession({ sessions, store }: GatewayServices, session: string): Promise<void> {
  if (!sessions.isOpen(session)) await store.conversations.getSession(session);
}

/** Those fields of a request that change the answer. */
export function pickOptions(fields: AskOptions): AskOptions {
  const { top_k, rerank, filter, model, temperature, language } = fields;
  return {
    ...(top_k === undefined ? {} : { top_k }),
    ...(rerank === undefined ? {} : { rerank }),
    ...(filter === undefined ? {} : { filter }),
    ...(model === undefined ? {} : { model }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(language === undefined ? {} : { language }),
  };
}
