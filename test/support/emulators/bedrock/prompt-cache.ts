import { countPromptTokens } from '../answers.ts';
import type { ConverseRequest } from './converse-request.ts';
import { textOf } from './converse-request.ts';

export interface CacheUsage {
  readonly readTokens: number;
  readonly writtenTokens: number;
}

/** A shorter prefix is not cached; it is no error either. */
const MIN_TOKENS = 1024;

/** Remembers what stood before the last cache point of each prompt. */
export class PromptCache {
  readonly #prefixes = new Set<string>();

  use(model: string, request: ConverseRequest): CacheUsage {
    const prefix = prefixOf(request);
    const tokens = countPromptTokens([{ role: 'user', text: prefix }]);
    if (tokens < MIN_TOKENS) return { readTokens: 0, writtenTokens: 0 };
    const key = `${model}\n${prefix}`;
    if (this.#prefixes.has(key)) return { readTokens: tokens, writtenTokens: 0 };
    this.#prefixes.add(key);
    return { readTokens: 0, writtenTokens: tokens };
  }
}

function prefixOf({ system = [], messages }: ConverseRequest): string {
  const blocks = [system, ...messages.map(({ content }) => content)].flat();
  return textOf(blocks.slice(0, blocks.findLastIndex((block) => 'cachePoint' in block) + 1));
}
