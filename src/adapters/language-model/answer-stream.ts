import type { Usage } from '#src/ports/answer.ts';
import type { GenerationPart, GenerationRequest } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { countTokens } from '#src/rag/tokens.ts';

/** One piece of a provider's stream, in our words. */
export interface AnswerChunk {
  readonly text?: string;
  /** Seen once. What else may end a stream (a block, a tool call) is thrown. */
  readonly finish?: 'stop' | 'length';
  /** The last one counts. */
  readonly usage?: Usage;
}

export interface AnswerStreamOptions {
  readonly account: string;
  /** One request. Everything that it opened is closed once its signal is aborted. */
  readonly open: (request: GenerationRequest, signal: AbortSignal) => AsyncIterable<AnswerChunk>;
  readonly failureOf: (error: unknown, signal: AbortSignal) => ProviderError;
}

/** One for all: making it costs more than a chunk does. */
const LEFT = new DOMException('the stream was left', 'AbortError');

/**
 * Turns a provider's chunks into the parts of the port. Only a finish reason makes a success: a stream that ends
 * without one is `truncated`, or `bad_response` when it held nothing at all; what fails after one is of no account. An
 * aborted stream ends silently, and however a stream is left, its socket is closed.
 */
export async function* streamAnswer(
  { account, open, failureOf }: AnswerStreamOptions,
  request: GenerationRequest,
  signal: AbortSignal,
): AsyncGenerator<GenerationPart, void, undefined> {
  if (signal.aborted) return;
  const left = new AbortController();
  const state = new AnswerState();
  try {
    for await (const chunk of open(request, AbortSignal.any([signal, left.signal]))) {
      if (signal.aborted) return;
      if (state.take(chunk)) yield { type: 'text', text: chunk.text ?? '' };
    }
  } catch (error) {
    if (!signal.aborted && state.finish === undefined) throw failureOf(error, signal);
  } finally {
    // Of no effect on what was read to its end; an SDK leaves the socket open otherwise.
    left.abort(LEFT);
  }
  if (!signal.aborted) yield state.end(account, request);
}

class AnswerState {
  finish: 'stop' | 'length' | undefined;
  #usage: Usage | undefined;
  #text = '';
  #isEmpty = true;

  /** Says whether there is text to give out. */
  take({ text, finish, usage }: AnswerChunk): boolean {
    this.#isEmpty = false;
    this.#usage = usage ?? this.#usage;
    const isOpen = this.finish === undefined;
    this.finish ??= finish;
    if (text === undefined || text === '' || !isOpen) return false;
    this.#text += text;
    return true;
  }

  end(account: string, request: GenerationRequest): GenerationPart {
    if (this.#isEmpty) throw new ProviderError('bad_response', account, 'a success without an answer');
    if (this.finish === undefined) throw new ProviderError('truncated', account, 'the stream ended without a finish reason');
    if (this.finish === 'length' && this.#text === '') {
      throw new ProviderError('bad_response', account, 'the output limit was reached before the answer began');
    }
    return { type: 'end', finish: this.finish, usage: this.#usage ?? countedUsage(request, this.#text) };
  }
}

/** Where the provider told no usage: the words of the prompt and the answer, as we count them. */
function countedUsage({ prompt }: GenerationRequest, text: string): Usage {
  return usageOf(prompt.reduce((tokens, message) => tokens + countTokens(message.text), 0), countTokens(text));
}

export function usageOf(input: number, output: number): Usage {
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}
