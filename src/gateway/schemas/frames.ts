import { Type } from 'typebox';
import { AskOptionsSchema, FeedbackBody } from './answers.ts';
import { CLOSED, TurnId } from './limits.ts';

/** What a client may send over the WebSocket, by type (docs/protocol.md). */
export const CLIENT_FRAMES = {
  ask: Type.Object(
    {
      type: Type.Literal('ask'),
      id: Type.String({ minLength: 1, maxLength: 128 }),
      question: Type.String(),
      options: Type.Optional(AskOptionsSchema),
    },
    CLOSED,
  ),
  cancel: Type.Object({ type: Type.Literal('cancel'), turn: TurnId }, CLOSED),
  feedback: Type.Object({ type: Type.Literal('feedback'), ...FeedbackBody.properties }, CLOSED),
  ping: Type.Object({ type: Type.Literal('ping') }, CLOSED),
  stats: Type.Object({ type: Type.Literal('stats'), subscribe: Type.Boolean() }, CLOSED),
};
