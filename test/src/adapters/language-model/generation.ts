import type { Source } from '#src/ports/answer.ts';
import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import { answerTokens } from '../../../support/emulators/answers.ts';

const TEXT = 'The gate opens at six. The gate closes at nine in the evening on weekdays.';

export interface ExampleOptions extends Partial<GenerationRequest> {
  /** Of the one source. */
  readonly text?: string;
}

/** The service's own prompt with one piece of evidence. */
export function exampleRequest({ text = TEXT, ...changes }: ExampleOptions = {}): GenerationRequest {
  const question = changes.question ?? 'When does the gate close on weekdays?';
  const prompt = assemblePrompt({ question, sources: [{ title: 'Gate', text } as Source], language: 'en' });
  return { question, sources: [], language: 'en', prompt, ...changes };
}

/** What every emulated model answers a request with. */
export function answerTo({ prompt }: GenerationRequest): string {
  return answerTokens(prompt).join('');
}

export const EXAMPLE_ANSWER = answerTo(exampleRequest());

export interface Collected {
  readonly text: string;
  /** Pieces that it came in. */
  readonly pieces: number;
  readonly ends: readonly Extract<GenerationPart, { type: 'end' }>[];
  readonly error: unknown;
}

/** Reads a stream to its end, whatever that is. */
export async function collect(model: LanguageModel, request: GenerationRequest, signal = new AbortController().signal): Promise<Collected> {
  const pieces: string[] = [];
  const ends: Extract<GenerationPart, { type: 'end' }>[] = [];
  let error: unknown;
  try {
    for await (const part of model.stream(request, signal)) {
      if (part.type === 'text') pieces.push(part.text);
      if (part.type === 'end') ends.push(part);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { text: pieces.join(''), pieces: pieces.length, ends, error };
}

/** The answer's text; what the stream throws is thrown. */
export async function say(model: LanguageModel, request: GenerationRequest, signal?: AbortSignal): Promise<string> {
  const { text, error } = await collect(model, request, signal);
  if (error !== undefined) throw error;
  return text;
}
