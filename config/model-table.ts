/**
 * What is known about models, as data. An entry holds for every id that begins as it does; the longest one wins, and
 * what no entry fits gets the cautious profile. Limits and prices are those of the vendors' pages in autumn 2026 as far
 * as they could be read; a price that could not be is left out, so that a cost is never invented.
 */

export interface Thinking {
  /** How the provider is told how much to think: in words (`low`) or in tokens. */
  readonly style: 'level' | 'budget';
  /** Tokens that thinking may take, asked for on top of the answer's, because providers count both as output. */
  readonly reserveTokens: number;
}

/** US dollars. What is spent on thinking is output. */
export interface ModelPrice {
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
}

export interface ModelProfile {
  /** Whether a last message of the assistant is taken as the beginning of the answer, and not refused. */
  readonly prefill: boolean;
  /** Prompt and answer together. */
  readonly contextTokens: number;
  /** The most that one answer may have, thinking included. */
  readonly maxOutputTokens: number;
  readonly thinking: 'none' | Thinking;
  /** A `fixed` one is refused or without effect, so it is not sent. */
  readonly temperature: 'free' | 'fixed';
  /** Whether answers in a given JSON schema can be asked for. */
  readonly structuredOutput: boolean;
  readonly price: ModelPrice | undefined;
}

const MEBI = 1024 * 1024;

/** For a model that nobody has described: it may be a small one on somebody's own machine. */
export const CAUTIOUS_PROFILE: ModelProfile = {
  prefill: false,
  contextTokens: 8192,
  maxOutputTokens: 4096,
  thinking: 'none',
  temperature: 'free',
  structuredOutput: false,
  price: undefined,
};

const GEMINI: ModelProfile = {
  prefill: false,
  contextTokens: MEBI,
  maxOutputTokens: 65_536,
  thinking: { style: 'level', reserveTokens: 4096 },
  temperature: 'free',
  structuredOutput: true,
  price: undefined,
};
const GEMINI_2_5: ModelProfile = { ...GEMINI, thinking: { style: 'budget', reserveTokens: 1024 } };

/** Claude up to 4.5; what came later refuses a prefilled answer and another temperature than its own. */
const CLAUDE: ModelProfile = {
  prefill: true,
  contextTokens: 200_000,
  maxOutputTokens: 64_000,
  thinking: 'none',
  temperature: 'free',
  structuredOutput: true,
  price: undefined,
};
const NEWER_CLAUDE: ModelProfile = { ...CLAUDE, prefill: false, temperature: 'fixed', thinking: { style: 'level', reserveTokens: 4096 } };

const NOVA: ModelProfile = { ...CLAUDE, contextTokens: 300_000, maxOutputTokens: 10_000, structuredOutput: false };

const GPT: ModelProfile = { ...CAUTIOUS_PROFILE, contextTokens: 128_000, maxOutputTokens: 16_384, structuredOutput: true };
const GPT_4_1: ModelProfile = { ...GPT, contextTokens: 1_047_576, maxOutputTokens: 32_768 };
const REASONING: ModelProfile = {
  ...GPT,
  contextTokens: 200_000,
  maxOutputTokens: 100_000,
  thinking: { style: 'level', reserveTokens: 8192 },
  temperature: 'fixed',
};
const GPT_5: ModelProfile = { ...REASONING, contextTokens: 400_000, maxOutputTokens: 128_000 };
/** Open models that always think, wherever they run; servers other than the vendor's take no word about it. */
const OPEN_REASONING: ModelProfile = { ...CAUTIOUS_PROFILE, maxOutputTokens: 8192, thinking: { style: 'budget', reserveTokens: 4096 } };

const priced = (profile: ModelProfile, inputPerMillion: number, outputPerMillion: number): ModelProfile => ({
  ...profile,
  price: { inputPerMillion, outputPerMillion },
});

/** Keys are normalised as `modelProfile` does: in small letters, on Bedrock without region and ARN. */
export const MODEL_TABLE: Readonly<Record<string, ModelProfile>> = {
  'extractive:': priced({ ...CAUTIOUS_PROFILE, contextTokens: MEBI }, 0, 0),

  'gemini:gemini-': GEMINI,
  'gemini:gemini-2.5-flash': priced(GEMINI_2_5, 0.3, 2.5),
  'gemini:gemini-2.5-flash-lite': priced(GEMINI_2_5, 0.1, 0.4),
  'gemini:gemini-2.5-pro': priced(GEMINI_2_5, 1.25, 10),
  'gemini:gemini-3-flash': priced(GEMINI, 0.5, 3),
  'gemini:gemini-3.1-flash-lite': priced(GEMINI, 0.25, 1.5),
  // Until the end of 2026, says the vendor's price list of October.
  'gemini:gemini-3.8-flash': priced(GEMINI, 0.75, 3.75),
  'gemini:gemini-3-pro': priced(GEMINI, 2, 12),
  'gemini:gemini-3.1-pro': priced(GEMINI, 2, 12),

  'bedrock:anthropic.claude-': NEWER_CLAUDE,
  'bedrock:anthropic.claude-3': { ...CLAUDE, maxOutputTokens: 4096, structuredOutput: false },
  'bedrock:anthropic.claude-3-5': { ...CLAUDE, maxOutputTokens: 8192, structuredOutput: false },
  'bedrock:anthropic.claude-3-7-sonnet': priced({ ...CLAUDE, structuredOutput: false }, 3, 15),
  'bedrock:anthropic.claude-sonnet-4-2': priced({ ...CLAUDE, structuredOutput: false }, 3, 15),
  'bedrock:anthropic.claude-opus-4-2': priced({ ...CLAUDE, maxOutputTokens: 32_000, structuredOutput: false }, 15, 75),
  'bedrock:anthropic.claude-opus-4-1': priced({ ...CLAUDE, maxOutputTokens: 32_000, structuredOutput: false }, 15, 75),
  'bedrock:anthropic.claude-haiku-4-5': priced(CLAUDE, 1, 5),
  'bedrock:anthropic.claude-sonnet-4-5': priced(CLAUDE, 3, 15),
  'bedrock:anthropic.claude-opus-4-5': priced(CLAUDE, 5, 25),
  'bedrock:amazon.nova-': { ...NOVA, prefill: false },
  'bedrock:amazon.nova-micro': priced({ ...NOVA, contextTokens: 128_000 }, 0.035, 0.14),
  'bedrock:amazon.nova-lite': priced(NOVA, 0.06, 0.24),
  'bedrock:amazon.nova-pro': priced(NOVA, 0.8, 3.2),
  'bedrock:amazon.nova-2-lite': priced({ ...NOVA, prefill: false, contextTokens: 1_000_000, maxOutputTokens: 65_535 }, 0.3, 2.5),
  'bedrock:openai.gpt-oss': { ...OPEN_REASONING, contextTokens: 128_000, maxOutputTokens: 16_384 },
  'bedrock:deepseek.r1': { ...OPEN_REASONING, contextTokens: 128_000, maxOutputTokens: 32_768 },
  'bedrock:meta.llama': { ...CAUTIOUS_PROFILE, contextTokens: 128_000 },
  'bedrock:mistral.': { ...CAUTIOUS_PROFILE, contextTokens: 32_000 },

  'openai:gpt-4o': priced(GPT, 2.5, 10),
  'openai:gpt-4o-mini': priced(GPT, 0.15, 0.6),
  'openai:gpt-4.1': priced(GPT_4_1, 2, 8),
  'openai:gpt-4.1-mini': priced(GPT_4_1, 0.4, 1.6),
  'openai:gpt-4.1-nano': priced(GPT_4_1, 0.1, 0.4),
  'openai:gpt-5': priced(GPT_5, 1.25, 10),
  'openai:gpt-5-mini': priced(GPT_5, 0.25, 2),
  'openai:gpt-5-nano': priced(GPT_5, 0.05, 0.4),
  // Successors share the limits; their prices are their own.
  'openai:gpt-5.': GPT_5,
  'openai:o1': REASONING,
  'openai:o3': priced(REASONING, 2, 8),
  'openai:o3-mini': priced(REASONING, 1.1, 4.4),
  'openai:o4-mini': priced(REASONING, 1.1, 4.4),
  'openai:gpt-oss': OPEN_REASONING,
  'openai:deepseek-r1': OPEN_REASONING,
  'openai:qwen3': OPEN_REASONING,
  'openai:qwq': OPEN_REASONING,
};

/** Of cross-region inference profiles. */
const BEDROCK_GEOGRAPHY = /^(?:us|eu|apac|jp|au|ca|sa|global|us-gov)\./;

/** What is known about a model, by its id `provider:model`. */
export function modelProfile(id: string): ModelProfile {
  const name = normalisedId(id);
  let best = '';
  for (const prefix of Object.keys(MODEL_TABLE)) {
    if (name.startsWith(prefix) && prefix.length > best.length) best = prefix;
  }
  return MODEL_TABLE[best] ?? CAUTIOUS_PROFILE;
}

/** `bedrock:arn:…:inference-profile/us.anthropic.x` is `bedrock:anthropic.x`, `openai:Qwen/Qwen3-8B` is `openai:qwen3-8b`. */
function normalisedId(id: string): string {
  const colon = id.indexOf(':');
  const provider = id.slice(0, colon).toLowerCase();
  const model = id.slice(colon + 1).toLowerCase();
  const name = model.slice(model.lastIndexOf('/') + 1);
  return `${provider}:${provider === 'bedrock' ? name.replace(BEDROCK_GEOGRAPHY, '') : name}`;
}

/** In US dollars; undefined where the price is not known. */
export function costOf(profile: ModelProfile, usage: { readonly input_tokens: number; readonly output_tokens: number }): number | undefined {
  const { price } = profile;
  if (price === undefined) return undefined;
  return (usage.input_tokens * price.inputPerMillion + usage.output_tokens * price.outputPerMillion) / 1_000_000;
}

/**
 * What to ask a provider for, so that thinking leaves the answer its room. Undefined where the answer has no limit of
 * its own: the provider's then holds.
 */
export function outputBudget(profile: ModelProfile, maxOutputTokens: number | undefined): number | undefined {
  if (maxOutputTokens === undefined) return undefined;
  const reserve = profile.thinking === 'none' ? 0 : profile.thinking.reserveTokens;
  return Math.min(maxOutputTokens + reserve, profile.maxOutputTokens);
}
