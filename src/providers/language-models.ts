import { modelProfile } from '#config/model-table.ts';
import type { ModelProfile } from '#config/model-table.ts';
import { splitPart } from '#config/parse-value.ts';
import type { Config } from '#config/schema.ts';
import { createBedrockModel } from '#src/adapters/language-model/bedrock.ts';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import { createGeminiModel } from '#src/adapters/language-model/gemini.ts';
import { createOpenAiModel } from '#src/adapters/language-model/openai.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import { given } from './given.ts';
import { missingSetting } from './missing-setting.ts';

/** A model by one of the ways to it: a key or a region. */
export interface Route {
  readonly model: LanguageModel;
  readonly profile: ModelProfile;
}

/** Makes the routes to a model, `provider:name`, in order of preference. Throws CONFIG_INVALID where a setting is missing. */
export type LanguageModels = (id: string) => readonly Route[];

export function createLanguageModels(config: Config, clock: Clock): LanguageModels {
  return (id) => {
    const { provider, name } = splitPart(id);
    const profile = modelProfile(provider === 'vertex' ? `gemini:${name}` : id);
    return modelsOf(config, clock, { provider, name }).map((model) => ({ model, profile }));
  };
}

function modelsOf(config: Config, clock: Clock, { provider, name: model }: { provider: string; name: string }): readonly LanguageModel[] {
  switch (provider) {
    case 'extractive':
      return [createExtractiveModel({ rate: config.extractiveRate, clock })];
    case 'gemini':
      return geminiModels(config, model);
    case 'vertex':
      return [vertexModel(config, model)];
    case 'bedrock':
      return bedrockModels(config, model);
    case 'openai':
      return openAiModels(config, model);
    default:
      throw missingSetting('BANYAN_MODELS', `${provider}:${model}`, 'one of extractive, gemini, vertex, bedrock, openai');
  }
}

function geminiModels({ geminiApiKeys, geminiBaseUrl, geminiApiVersion: apiVersion }: Config, model: string): readonly LanguageModel[] {
  if (geminiApiKeys.length === 0) throw missingSetting('GEMINI_API_KEY', `gemini:${model}`, 'a key of the Gemini API');
  return geminiApiKeys.map((apiKey, index) =>
    createGeminiModel({ model, apiKey, apiVersion, accountName: `key-${index + 1}`, ...given('baseUrl', geminiBaseUrl) }),
  );
}

function vertexModel({ vertexProject: project, vertexLocation: location, geminiBaseUrl }: Config, model: string): LanguageModel {
  if (project === '') throw missingSetting('GOOGLE_CLOUD_PROJECT', `vertex:${model}`, 'a project of Google Cloud');
  return { ...createGeminiModel({ model, vertex: { project, location }, ...given('baseUrl', geminiBaseUrl) }), id: `vertex:${model}` };
}

function bedrockModels(config: Config, model: string): readonly LanguageModel[] {
  const [id = '', version = 'DRAFT'] = config.bedrockGuardrail.split(':');
  const guardrail = id === '' ? {} : { guardrail: { id, version } };
  return config.awsRegions.map((region) =>
    createBedrockModel({
      model,
      region,
      promptCaching: config.bedrockPromptCaching,
      ...guardrail,
      ...given('endpoint', config.bedrockEndpoint),
      ...given('bearerToken', config.bedrockApiKey),
    }),
  );
}

function openAiModels({ openaiApiKeys, openaiBaseUrl: baseUrl }: Config, model: string): readonly LanguageModel[] {
  if (openaiApiKeys.length === 0) return [createOpenAiModel({ model, baseUrl })];
  const nameOf = (index: number): { accountName?: string } => (openaiApiKeys.length === 1 ? {} : { accountName: `${new URL(baseUrl).host}/key-${index + 1}` });
  return openaiApiKeys.map((apiKey, index) => createOpenAiModel({ model, baseUrl, apiKey, ...nameOf(index) }));
}
