import type { Config } from '#config/schema.ts';
import type { BedrockOptions } from '#src/adapters/language-model/bedrock.ts';
import type { GeminiOptions } from '#src/adapters/language-model/gemini-client.ts';
import type { OpenAiOptions } from '#src/adapters/language-model/openai.ts';
import { given } from './given.ts';
import { missingSetting } from './missing-setting.ts';

/** One for each key, in order of preference. Throws CONFIG_INVALID where there is none. */
export function geminiOptions({ geminiApiKeys, geminiBaseUrl, geminiApiVersion: apiVersion }: Config, model: string): readonly GeminiOptions[] {
  if (geminiApiKeys.length === 0) throw missingSetting('GEMINI_API_KEY', `gemini:${model}`, 'a key of the Gemini API');
  return geminiApiKeys.map((apiKey, index) => ({ model, apiKey, apiVersion, accountName: `key-${index + 1}`, ...given('baseUrl', geminiBaseUrl) }));
}

/** Throws CONFIG_INVALID where there is no project. */
export function vertexOptions({ vertexProject: project, vertexLocation: location, geminiBaseUrl }: Config, model: string): GeminiOptions {
  if (project === '') throw missingSetting('GOOGLE_CLOUD_PROJECT', `vertex:${model}`, 'a project of Google Cloud');
  return { model, vertex: { project, location }, ...given('baseUrl', geminiBaseUrl) };
}

/** One for each region, in order of preference. */
export function bedrockOptions(config: Config, model: string): readonly BedrockOptions[] {
  const [id = '', version = 'DRAFT'] = config.bedrockGuardrail.split(':');
  const guardrail = id === '' ? {} : { guardrail: { id, version } };
  return config.awsRegions.map((region) => ({
    model,
    region,
    promptCaching: config.bedrockPromptCaching,
    ...guardrail,
    ...given('endpoint', config.bedrockEndpoint),
    ...given('bearerToken', config.bedrockApiKey),
  }));
}

/** One for each key, in order of preference; one without a key where there is none. */
export function openAiOptions({ openaiApiKeys, openaiBaseUrl: baseUrl }: Config, model: string): readonly OpenAiOptions[] {
  if (openaiApiKeys.length === 0) return [{ model, baseUrl }];
  const nameOf = (index: number): { accountName?: string } => (openaiApiKeys.length === 1 ? {} : { accountName: `${new URL(baseUrl).host}/key-${index + 1}` });
  return openaiApiKeys.map((apiKey, index) => ({ model, baseUrl, apiKey, ...nameOf(index) }));
}
