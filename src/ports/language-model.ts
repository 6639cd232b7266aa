import type { Finish, Source, Usage } from '#src/ports/answer.ts';
import type { TermStatistics } from '#src/ports/lexical-index.ts';

/** One message of a prompt. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

/** How the search understood the question, for a model that quotes instead of reading a prompt. */
export interface LexicalEvidence {
  /** The question's terms, as `SearchResult` has them. */
  readonly terms: readonly string[];
  readonly statistics: TermStatistics;
}

export interface GenerationRequest {
  readonly question: string;
  /** The evidence, best first. */
  readonly sources: readonly Source[];
  /** The same question and evidence as text for a model that reads prompts. */
  readonly prompt: readonly PromptMessage[];
  readonly language: string;
  /** Absent when nothing was searched by words; every term of the question then weighs the same. */
  readonly evidence?: LexicalEvidence;
  readonly temperature?: number;
  /** Without what the model spends on thinking; the adapter adds that. */
  readonly maxOutputTokens?: number;
}

/**
 * A stream is any number of `text` and `citation` parts and exactly one `end`. An adapter whose provider ends the
 * stream without a finish reason throws ProviderError `truncated`, what a safety rule ends is `blocked`.
 */
export type GenerationPart =
  | { readonly type: 'text'; readonly text: string }
  /** `start` and `end` count UTF-16 units from the beginning of this stream's text. */
  | { readonly type: 'citation'; readonly source_id: string; readonly start: number; readonly end: number }
  | { readonly type: 'end'; readonly finish: Exclude<Finish, 'cancelled'>; readonly usage: Usage };

/** Writes an answer from a question and its evidence. */
export interface LanguageModel {
  /** `provider:model`, as settings, logs and `answer-end` name it. */
  readonly id: string;
  /** What shares a rate limit and an illness: `provider/account or region/model`. Fuse and governor are kept by it. */
  readonly account: string;
  /**
   * One call is one request; a last prompt message of the role `assistant` is a prefill that the answer goes on from.
   * Rejects with ProviderError; ends early, without an `end` part and with its socket closed, once `signal` is aborted.
   */
  stream(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationPart>;
}
