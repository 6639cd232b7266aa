import { createBedrockModel } from '#src/adapters/language-model/bedrock.ts';
import { createGeminiModel } from '#src/adapters/language-model/gemini.ts';
import { createOpenAiModel } from '#src/adapters/language-model/openai.ts';
import { useProxy } from '#src/adapters/wire/proxy.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import { BEDROCK_KEY } from '../../../support/emulators/bedrock/bedrock.ts';
import { GEMINI_KEY } from '../../../support/emulators/gemini/gemini.ts';
import { OPENAI_KEY } from '../../../support/emulators/openai/openai.ts';
import { collect, exampleRequest } from '../language-model/generation.ts';

/** Asks each model by https and prints what came of it as JSON: a process of its own, for what Node reads at its start. */
useProxy(process.env);
const models: readonly LanguageModel[] = [
  createGeminiModel({ model: 'gemini-3.8-flash', apiKey: GEMINI_KEY, baseUrl: 'https://gemini.provider.test' }),
  createOpenAiModel({ model: 'gpt-4o-mini', apiKey: OPENAI_KEY, baseUrl: 'https://openai.provider.test/v1' }),
  createBedrockModel({ model: 'us.amazon.nova-2-lite-v1:0', region: 'us-east-1', bearerToken: BEDROCK_KEY, endpoint: 'https://bedrock.provider.test' }),
];
const outcomes = await Promise.all(
  models.map(async (model) => {
    const { text, error } = await collect(model, exampleRequest(), AbortSignal.timeout(5000));
    return error === undefined ? text : Object(error).failure;
  }),
);
console.log(JSON.stringify(outcomes));
process.exit();
