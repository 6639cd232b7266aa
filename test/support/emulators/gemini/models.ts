/** What the emulated service knows about a model; `providers.md` of the project's reference names the sources. */
export interface GeminiModel {
  readonly kind: 'generate' | 'embed';
  readonly inputTokenLimit: number;
  readonly outputTokenLimit: number;
  /** Refuses a last turn of the role model. */
  readonly refusesPrefill?: boolean;
  readonly thinks?: boolean;
  /** Whether vectors shorter than 3072 come with unit length. */
  readonly isNormalised?: boolean;
}

const GENERATE = { kind: 'generate', inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, thinks: true } as const;

/** A model that was shut down, such as gemini-2.0-flash, is unknown like any other. */
export const GEMINI_MODELS: Readonly<Record<string, GeminiModel>> = {
  'gemini-3.8-flash': { ...GENERATE, refusesPrefill: true },
  'gemini-3.5-flash-lite': { ...GENERATE, refusesPrefill: true },
  'gemini-2.5-flash': GENERATE,
  'gemini-2.5-pro': GENERATE,
  'gemini-embedding-001': { kind: 'embed', inputTokenLimit: 2048, outputTokenLimit: 1, isNormalised: false },
  'gemini-embedding-2': { kind: 'embed', inputTokenLimit: 8192, outputTokenLimit: 1, isNormalised: true },
};

const METHODS = {
  generate: ['generateContent', 'streamGenerateContent', 'countTokens'],
  embed: ['embedContent', 'batchEmbedContents', 'countTokens'],
} as const;

/** A model as `models.get` and `models.list` show it. */
export function describeModel(name: string, model: GeminiModel): Record<string, unknown> {
  const { inputTokenLimit, outputTokenLimit, kind } = model;
  const methods = METHODS[kind];
  return { name: `models/${name}`, version: '001', displayName: name, inputTokenLimit, outputTokenLimit, supportedGenerationMethods: methods };
}

export function hasMethod(model: GeminiModel, method: string): boolean {
  return METHODS[model.kind].some((known) => known === method);
}
