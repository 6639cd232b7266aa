import { Type } from 'typebox';
import { ANSWER_FIELDS } from './answers.ts';
import { ErrorBodySchema } from './errors.ts';
import { CLOSED, Count, nullable, oneOf, pageOf, SessionId, TurnId } from './limits.ts';

const Time = Type.String({ description: 'ISO 8601, UTC', examples: ['2026-01-31T12:00:00.000Z'] });

export const SessionParams = Type.Object({ id: SessionId }, CLOSED);

export const SessionSchema = Type.Object({
  id: SessionId,
  title: nullable(Type.String()),
  turn_count: Type.Integer({ minimum: 0 }),
  created_at: Time,
  updated_at: Time,
});

export const TurnSchema = Type.Object({
  id: TurnId,
  ask_id: Type.String(),
  question: Type.String(),
  state: oneOf(['accepted', 'answered', 'failed']),
  accepted_at: Time,
  ended_at: nullable(Time),
  end: nullable(Type.Object(ANSWER_FIELDS)),
  error: nullable(ErrorBodySchema),
});

export const SessionList = pageOf('sessions', SessionSchema);
export const SessionWithTurns = Type.Object({ ...SessionSchema.properties, ...pageOf('turns', TurnSchema).properties });

export const CancelBody = Type.Object({ turn: Type.Optional(TurnId) }, { ...CLOSED, examples: [{}] });
export const CancelReply = Type.Object({ ...ANSWER_FIELDS, turn: TurnId });

export const EventsQuery = Type.Object({ after: Type.Optional(Count) }, CLOSED);
