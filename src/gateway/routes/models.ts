import { changeModels, whenModels } from '#agents/models/models.agent.ts';
import type { Config } from '#config/schema.ts';
import type { Static } from 'typebox';
import type { App, Gateway } from '../app.ts';
import { isoTime } from '../page.ts';
import { ModelsBody, ModelsReply } from '../schemas/models.ts';
import { replies } from '../schemas/errors.ts';

const tags = ['admin'];

/** Which models answer, and how an operator changes that at run time. */
export function modelRoutes(app: App, { services: { kernel, store, config, logger } }: Gateway): void {
  const show = { summary: 'The models that answer', tags, response: replies({ 200: ModelsReply }, ['ACTOR_DOWN']) };
  app.get('/admin/models', { schema: show }, async () => toReply(config, await whenModels(kernel)));

  const change = {
    summary: 'Let other models answer',
    description: 'From the next turn on, and after every restart. What is left out stays as it is.',
    tags,
    body: ModelsBody,
    response: replies({ 200: ModelsReply }, ['INVALID_JSON', 'ACTOR_DOWN', 'ASK_TIMEOUT', 'STORE_UNAVAILABLE', 'STORE_FULL']),
  };
  app.put('/admin/models', { schema: change }, async (request) => {
    const { models, temperature } = request.body;
    const choice = await changeModels(kernel, store.conversations, {
      ...(models === undefined ? {} : { models }),
      ...(temperature === undefined ? {} : { temperature }),
    });
    logger.warn({ models: choice.models, temperature: choice.temperature, client: request.ip }, 'Models are changed by an operator');
    return toReply(config, await whenModels(kernel));
  });
}

function toReply(config: Config, current: Awaited<ReturnType<typeof whenModels>>): Static<typeof ModelsReply> {
  const { models, temperature, source, changedAt } = current.choice;
  const { embeddingModel, vectorIndex, reranker } = config;
  const hasVectors = embeddingModel !== 'none';
  return {
    models: models.map((id) => ({ id, accounts: current.accounts(id) })),
    temperature,
    source,
    changed_at: changedAt === null ? null : isoTime(changedAt),
    embedding_model: hasVectors ? embeddingModel : null,
    vector_index: hasVectors ? vectorIndex : null,
    reranker: reranker === 'none' ? null : reranker,
  };
}
