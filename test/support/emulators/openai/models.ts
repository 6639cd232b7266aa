export interface OpenAiModel {
  readonly kind: 'chat' | 'embed';
  readonly contextTokens: number;
  /** Thinks first, takes max_completion_tokens only and no temperature but 1. */
  readonly reasons?: boolean;
  readonly dimension?: number;
  /** Whether `dimensions` may be less. */
  readonly canShorten?: boolean;
}

/** Hosted models and one each as local servers have them. */
export const OPENAI_MODELS: Readonly<Record<string, OpenAiModel>> = {
  'gpt-5-mini': { kind: 'chat', contextTokens: 400_000, reasons: true },
  'gpt-4o-mini': { kind: 'chat', contextTokens: 128_000 },
  'llama3.2': { kind: 'chat', contextTokens: 128_000 },
  'text-embedding-3-small': { kind: 'embed', contextTokens: 8192, dimension: 1536, canShorten: true },
  'text-embedding-3-large': { kind: 'embed', contextTokens: 8192, dimension: 3072, canShorten: true },
  'text-embedding-ada-002': { kind: 'embed', contextTokens: 8192, dimension: 1536 },
  'nomic-embed-text': { kind: 'embed', contextTokens: 8192, dimension: 768 },
};

export function describeModel(id: string): Record<string, unknown> {
  return { id, object: 'model', created: 1_700_000_000, owned_by: 'emulated' };
}
