import type { App, Gateway } from '../app.ts';
import { FeedbackBody } from '../schemas/answers.ts';
import { replies } from '../schemas/errors.ts';
import { NoContent } from '../schemas/status.ts';

/** `POST /feedback`: what a reader thought of an answer. */
export function feedbackRoute(app: App, { services: { store, kernel } }: Gateway): void {
  const schema = {
    summary: 'Rate an answer',
    tags: ['questions'],
    body: FeedbackBody,
    response: replies({ 204: NoContent }, ['INVALID_JSON', 'TURN_NOT_FOUND', 'STORE_UNAVAILABLE', 'STORE_FULL']),
  };
  app.post('/feedback', { schema }, async (request, reply) => {
    const { turn, rating, comment } = request.body;
    await store.conversations.addFeedback({ turn, rating, ...(comment === undefined ? {} : { comment }) }, kernel.clock.wallTime());
    return reply.code(204).send();
  });
}
