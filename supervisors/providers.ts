import type { ModelsOptions } from '#agents/models/models.agent.ts';
import { MODELS, modelsAgent } from '#agents/models/models.agent.ts';
import type { ChildSpec } from './kernel/child-spec.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';

export interface ProvidersParts {
  readonly models: ModelsOptions;
  /** What makes vectors; nothing where no embedding model is switched on. */
  readonly embedding: readonly ChildSpec[];
}

/** What knows the providers that are switched on: who answers, and who makes vectors. */
export function providersSupervisor({ models, embedding }: ProvidersParts): StartFunction {
  return supervisor({
    strategy: 'one_for_one',
    intensity: 20,
    periodMs: 60_000,
    children: [{ id: 'models', name: MODELS, start: modelsAgent(models) }, ...embedding],
  });
}
