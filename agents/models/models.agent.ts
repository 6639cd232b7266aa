import { ServiceError } from '#src/errors.ts';
import type { ConversationStore } from '#src/ports/store.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import type { ModelsCatalogue } from './current-models.ts';
import { CurrentModels } from './current-models.ts';
import type { ModelChoice } from './models.events.ts';
import { modelsMachine } from './models.machine.ts';

export type { ModelsCatalogue } from './current-models.ts';
export { CurrentModels } from './current-models.ts';
export type { ModelChoice } from './models.events.ts';

export const MODELS = 'models';

export type SettingStore = Pick<ConversationStore, 'readSetting' | 'writeSetting'>;

export interface ModelsOptions extends ModelsCatalogue {
  readonly settings: Pick<ModelChoice, 'models' | 'temperature'>;
  /** Where an operator's choice is kept. */
  readonly store: SettingStore;
  /** An operator's choice that cannot be used any more, because a key is gone. */
  readonly onUnusable: (error: unknown) => void;
}

const SETTING = 'models';
const RESTART_WAIT_MS = 1000;

/**
 * Start function of the process that knows which models answer. What was chosen last stays with the spec: after a crash
 * no turn gets other models for the moment that the store takes. Throws CONFIG_INVALID for one that cannot be used.
 */
export function modelsAgent(options: ModelsOptions): StartFunction {
  let last: ModelChoice = { ...options.settings, source: 'settings', changedAt: null };
  return actor(modelsMachine, {
    input: () => ({ current: new CurrentModels(options, last, (choice) => void (last = choice)), restore: () => restore(options) }),
    table: ({ context }) => context.current,
  });
}

async function restore(options: ModelsOptions): Promise<ModelChoice | undefined> {
  const stored = await options.store.readSetting(SETTING);
  if (stored === undefined) return undefined;
  try {
    const choice = readChoice(stored);
    void new CurrentModels(options, choice);
    return choice;
  } catch (error) {
    options.onUnusable(error);
    return undefined;
  }
}

/** Throws CONFIG_INVALID or SyntaxError for what is none. */
function readChoice(stored: string): ModelChoice {
  const value = JSON.parse(stored) as Partial<ModelChoice> | null;
  const { models, temperature, changedAt = null } = value ?? {};
  if (!Array.isArray(models) || !models.every((id) => typeof id === 'string') || typeof temperature !== 'number') {
    throw new ServiceError('CONFIG_INVALID', `expected the stored choice of models to be a list of models and a temperature, got: ${stored}`);
  }
  return { models, temperature, source: 'operator', changedAt };
}

/** The models as they are now; undefined while the process restarts. */
export function currentModels(kernel: Kernel): CurrentModels | undefined {
  return kernel.table<CurrentModels>(MODELS);
}

/** The same, waiting for a restart. Rejects with ACTOR_DOWN. */
export async function whenModels(kernel: Kernel): Promise<CurrentModels> {
  await kernel.whenUp(MODELS, RESTART_WAIT_MS);
  const models = currentModels(kernel);
  if (models === undefined) throw new ServiceError('ACTOR_DOWN', 'the models are down');
  return models;
}

/**
 * Lets other models answer, from the next turn on and after every restart. Rejects with INVALID_REQUEST for a model that
 * cannot be used, STORE_FULL, STORE_UNAVAILABLE, ACTOR_DOWN (also until it is known what was chosen before the start); then
 * nothing has changed.
 */
export async function changeModels(kernel: Kernel, store: SettingStore, change: Partial<Pick<ModelChoice, 'models' | 'temperature'>>): Promise<ModelChoice> {
  const { choice: before } = await whenModels(kernel);
  const choice: ModelChoice = { ...before, ...change, source: 'operator', changedAt: kernel.clock.wallTime() };
  await kernel.ask<void>(MODELS, { type: 'change', choice }).catch(asRefusal);
  try {
    await store.writeSetting(SETTING, JSON.stringify(choice));
  } catch (error) {
    // Another change may have come since: it stays.
    if (currentModels(kernel)?.choice === choice) await kernel.ask<void>(MODELS, { type: 'change', choice: before });
    throw error;
  }
  return choice;
}

function asRefusal(error: unknown): never {
  if (!(error instanceof ServiceError) || error.code !== 'CONFIG_INVALID') throw error;
  throw new ServiceError('INVALID_REQUEST', error.message, { cause: error, ...(error.details === undefined ? {} : { details: error.details }) });
}
