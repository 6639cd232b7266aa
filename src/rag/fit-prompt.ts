import type { Source } from '#src/ports/answer.ts';
import type { GenerationRequest, PromptMessage } from '#src/ports/language-model.ts';
import { assemblePrompt } from './prompt.ts';
import { splitSentences } from './sentences.ts';
import { UNSPACED_SCRIPTS } from './tokens.ts';

export interface FittedSources {
  /** Best first; a source keeps its rank, so that its number in the prompt stays the same. */
  readonly sources: readonly Source[];
  /** The ids of those that found no room, the first one's included when only its beginning did. */
  readonly leftOut: readonly string[];
}

/**
 * Providers publish about four characters a token for English (OpenAI's and Google's pages on tokens both say so);
 * code, numbers and other alphabets have fewer, so three is counted.
 */
const CHARACTERS_PER_TOKEN = 3;
/** Number, tags and line ends around a source in the prompt, its title apart. */
const TOKENS_PER_SOURCE = 20;
/** What the first source is cut to when a prompt has no room at all: a model without evidence would refuse or invent. */
const MIN_TOKENS = 32;

const UNSPACED = new RegExp(`[${UNSPACED_SCRIPTS}]`, 'gu');

/** The tokens of a text for any model, never its own count: one for each character of a script without spaces, a third of one for each other. */
export function estimateTokens(text: string): number {
  const unspaced = text.match(UNSPACED)?.length ?? 0;
  return unspaced + Math.ceil((text.length - unspaced) / CHARACTERS_PER_TOKEN);
}

/**
 * Leaves out the lowest-ranked sources, as many as it takes for the others to fit. At least the first one stays, cut
 * behind a sentence when it is too long alone.
 *
 * @param sources best first
 * @param budgetTokens for all sources together, with what the prompt writes around each
 */
export function fitSources(sources: readonly Source[], budgetTokens: number, countTokens: (text: string) => number = estimateTokens): FittedSources {
  let left = budgetTokens;
  let count = 0;
  for (const { title, text } of sources) {
    left -= TOKENS_PER_SOURCE + countTokens(title) + countTokens(text);
    if (left < 0) break;
    count += 1;
  }
  const [first] = sources;
  const leftOut = sources.slice(count).map(({ id }) => id);
  if (count > 0 || first === undefined) return { sources: sources.slice(0, count), leftOut };
  const budget = Math.max(MIN_TOKENS, budgetTokens - TOKENS_PER_SOURCE - countTokens(first.title));
  const text = cutToFit(first.text, budget, countTokens);
  if (text === first.text) return { sources: [first], leftOut: leftOut.slice(1) };
  return { sources: [{ ...first, text }], leftOut };
}

/** The most whole sentences that fit; of a sentence that is too long alone, its beginning. */
function cutToFit(text: string, budgetTokens: number, countTokens: (text: string) => number): string {
  const longest = longestFit(text.length, (end) => countTokens(text.slice(0, end)) <= budgetTokens);
  if (longest === text.length) return text;
  // What lies behind cannot end a sentence that fits, but decides whether the last stop ends one.
  const ends = splitSentences(text, 0, Math.min(text.length, longest + 64)).map(({ end }) => end);
  const end = ends.findLast((each) => each <= longest);
  if (end !== undefined) return text.slice(0, end);
  const words = text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, '');
  return words.replace(/(?<!\s)\s+\S*$/, '') || words;
}

/** The greatest number up to `limit` that fits, where all smaller ones fit too. */
function longestFit(limit: number, fits: (count: number) => boolean): number {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What fits a model, as the model table has it. */
export interface ModelLimits {
  /** Prompt and answer together. */
  readonly contextTokens: number;
  /** The most that one answer may have, thinking included. */
  readonly maxOutputTokens: number;
  readonly thinking: 'none' | { readonly reserveTokens: number };
}

export interface FittedRequest {
  readonly request: GenerationRequest;
  /** The ids of the sources that had no room. */
  readonly leftOut: readonly string[];
}

/** Room for an answer whose length nobody limits: about a thousand words. */
const ANSWER_TOKENS = 2048;
/** What asks a model to go on, around the text so far. */
const CONTINUATION_TOKENS = 128;

/** Makes a request fit a model: its answer no longer than the model writes, its prompt with fewer sources where it must. */
export function fitRequest(request: GenerationRequest, limits: ModelLimits, textSoFar: string): FittedRequest {
  const { question, sources, language, maxOutputTokens } = request;
  const capped = maxOutputTokens === undefined ? request : { ...request, maxOutputTokens: Math.min(maxOutputTokens, limits.maxOutputTokens) };
  const room = roomFor(capped, limits, textSoFar);
  if (fits(request.prompt, room)) return { request: capped, leftOut: [] };
  const bare = assemblePrompt({ question, sources: [], language });
  const fitted = fitSources(sources, room - tokensOf(bare));
  const prompt = assemblePrompt({ question, sources: fitted.sources, language });
  return { request: { ...capped, sources: fitted.sources, prompt }, leftOut: fitted.leftOut };
}

function roomFor({ maxOutputTokens }: GenerationRequest, limits: ModelLimits, textSoFar: string): number {
  const thinking = limits.thinking === 'none' ? 0 : limits.thinking.reserveTokens;
  const output = Math.min((maxOutputTokens ?? ANSWER_TOKENS) + thinking, limits.maxOutputTokens, limits.contextTokens / 2);
  const written = textSoFar === '' ? 0 : estimateTokens(textSoFar) + CONTINUATION_TOKENS;
  return Math.floor(limits.contextTokens - output - written);
}

/** Nothing is estimated where even one token to a UTF-16 unit would fit, as nearly always. */
function fits(prompt: readonly PromptMessage[], room: number): boolean {
  const units = prompt.reduce((sum, { text }) => sum + text.length, 0);
  return units <= room || tokensOf(prompt) <= room;
}

function tokensOf(prompt: readonly PromptMessage[]): number {
  return prompt.reduce((tokens, { text }) => tokens + estimateTokens(text), 0);
}
