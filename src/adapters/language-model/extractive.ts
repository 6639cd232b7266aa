import type { Clock } from '#src/ports/clock.ts';
import type { GenerationPart, GenerationRequest, LanguageModel, LexicalEvidence } from '#src/ports/language-model.ts';
import { answerFromQuotes } from '#src/rag/cite.ts';
import type { CitedAnswer } from '#src/rag/cite.ts';
import { DEFAULT_EXTRACTION, extract } from '#src/rag/extract.ts';
import type { ExtractionParameters } from '#src/rag/extract.ts';
import { ANSWER_PROMPT } from '#src/rag/prompt.ts';
import { questionTerms } from '#src/rag/terms.ts';
import { countTokens } from '#src/rag/tokens.ts';

export const EXTRACTIVE_MODEL_ID = 'extractive:quotes';

/** The words of a piece that is sent at once when the stream is not paced. */
const UNPACED_WORDS = 32;

export interface ExtractiveOptions {
  readonly clock: Clock;
  /** Words per second; 0 is unpaced. Throws TypeError when it is negative or not finite. */
  readonly rate: number;
  readonly parameters?: ExtractionParameters;
}

/**
 * A model that answers with quotes from the sources, each cited, and refuses when they do not answer. It needs nothing
 * but the sources, and streams as other models do: word by word when `rate` is set. An aborted stream ends within one
 * word, without an `end`.
 */
export function createExtractiveModel(options: ExtractiveOptions): LanguageModel {
  const { rate } = options;
  if (!Number.isFinite(rate) || rate < 0) throw new TypeError(`expected rate to be 0 or more words per second, got: ${rate}`);
  return { id: EXTRACTIVE_MODEL_ID, account: EXTRACTIVE_MODEL_ID, stream: (request, signal) => streamQuotes(options, request, signal) };
}

async function* streamQuotes(
  options: ExtractiveOptions,
  request: GenerationRequest,
  signal: AbortSignal,
): AsyncGenerator<GenerationPart> {
  if (signal.aborted) return;
  const { question, sources, language, evidence = unweighted(request) } = request;
  const { quotes } = extract({ question, sources, language, ...evidence }, options.parameters ?? DEFAULT_EXTRACTION);
  const isRefused = quotes.length === 0;
  const cited = isRefused ? { answer: ANSWER_PROMPT.refusal, citations: [] } : answerFromQuotes(quotes);
  yield* streamText(options, cited, signal);
  if (signal.aborted) return;
  yield { type: 'end', finish: isRefused ? 'refused' : 'stop', usage: usageOf(request, cited.answer) };
}

/** Every term weighs the same where nothing is known about the collection. */
function unweighted({ question, language }: GenerationRequest): LexicalEvidence {
  return { terms: questionTerms(question, language), statistics: { chunkCount: 0, documentFrequency: {} } };
}

function usageOf({ question, sources }: GenerationRequest, answer: string): Extract<GenerationPart, { type: 'end' }>['usage'] {
  const evidence = sources.reduce((tokens, source) => tokens + countTokens(source.text), 0);
  const input = countTokens(question) + evidence;
  const output = countTokens(answer);
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

/** Sends the answer's words, and each citation as soon as its last word is sent. */
async function* streamText(
  { clock, rate }: ExtractiveOptions,
  { answer, citations }: CitedAnswer,
  signal: AbortSignal,
): AsyncGenerator<GenerationPart> {
  const startedAt = clock.now();
  let sent = 0;
  let cited = 0;
  for (const [index, text] of piecesOf(answer, rate === 0 ? UNPACED_WORDS : 1).entries()) {
    if (rate > 0) await waitUntil(clock, startedAt + (index * 1000) / rate, signal);
    if (signal.aborted) return;
    yield { type: 'text', text };
    sent += text.length;
    for (let next = citations[cited]; next !== undefined && next.end <= sent; next = citations[cited]) {
      if (signal.aborted) return;
      yield { type: 'citation', ...next };
      cited += 1;
    }
  }
}

/** Cuts after every `size` words; the white space before a word goes with it. */
function piecesOf(text: string, size: number): string[] {
  const words = text.match(/\s*\S+(?:\s+$)?/g) ?? [];
  const pieces: string[] = [];
  for (let index = 0; index < words.length; index += size) pieces.push(words.slice(index, index + size).join(''));
  return pieces;
}

/** Resolves at `time` of the clock, or as soon as the signal is aborted. */
function waitUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  const delayMs = time - clock.now();
  if (delayMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.setTimeout(finish, delayMs);
    signal.addEventListener('abort', finish, { once: true });
    function finish(): void {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
