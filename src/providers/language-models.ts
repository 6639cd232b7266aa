import { modelProfile } from '#config/model-table.ts';
import type { ModelProfile } from '#config/model-table.ts';
import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { createBedrockModel } from '#src/adapters/language-model/bedrock.ts';
import { createExtractiveModel, EXTRACTIVE_MODEL_ID } from '#src/adapters/language-model/extractive.ts';
import { createGeminiModel } from '#src/adapters/language-model/gemini.ts';
import { createOpenAiModel } from '#src/adapters/language-model/openai.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { OnRate } from '#src/ports/rate-hint.ts';
import { missingSetting } from './missing-setting.ts';
import { bedrockOptions, geminiOptions, openAiOptions, vertexOptions } from './model-options.ts';

/** A model by one of the ways to it: a key or a region. */
export interface Route {
  readonly model: LanguageModel;
  readonly profile: ModelProfile;
}

interface ModelTools {
  readonly config: Config;
  readonly clock: Clock;
  readonly onRate: OnRate | undefined;
}

/** Makes the routes to a model, `provider:name`, in order of preference. Throws CONFIG_INVALID where a setting is missing. */
export type LanguageModels = (id: string) => readonly Route[];

export function createLanguageModels(config: Config, clock: Clock, onRate?: OnRate): LanguageModels {
  return (id) => {
    const { provider, name } = splitPart(id);
    const profile = modelProfile(provider === 'vertex' ? `gemini:${name}` : id);
    return modelsOf({ config, clock, onRate }, { provider, name }).map((model) => ({ model, profile }));
  };
}

function modelsOf({ config, clock, onRate }: ModelTools, { provider, name: model }: { provider: string; name: string }): readonly LanguageModel[] {
  const id = `${provider}:${model}`;
  if (model === '' || (provider === 'extractive' && id !== EXTRACTIVE_MODEL_ID)) throw unknownModel(id);
  switch (provider) {
    case 'extractive':
      return [createExtractiveModel({ rate: config.extractiveRate, clock })];
    case 'gemini':
      return geminiOptions(config, model).map(createGeminiModel);
    case 'vertex':
      return [{ ...createGeminiModel(vertexOptions(config, model)), id: `vertex:${model}` }];
    case 'bedrock':
      return bedrockOptions(config, model).map(createBedrockModel);
    case 'openai':
      return openAiOptions(config, model).map((options) => createOpenAiModel({ ...options, onRate }));
    default:
      throw unknownModel(id);
  }
}

function unknownModel(id: string): Error {
  return missingSetting('BANYAN_MODELS', id, `${EXTRACTIVE_MODEL_ID}, or a model of gemini, vertex, bedrock or openai`);
}
