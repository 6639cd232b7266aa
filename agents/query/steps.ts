import { whenFrameLog } from '#agents/frames/frames.agent.ts';
import { streamProvider } from '#agents/governor/governor.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { Citation, Source } from '#src/ports/answer.ts';
import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import type { Answer } from './answer.ts';
import { writeAnswer } from './answer-writer.ts';
import type { AttemptDeadlines } from './attempt.ts';
import type { Flight } from './flight.ts';
import type { Question } from './question.ts';
import type { RetrievalParts, Retrieved } from './retrieval.ts';

/** What the steps of all questions share. */
export interface StepDependencies extends RetrievalParts {
  readonly deadlines: AttemptDeadlines;
  /** Quotes the documents when no model answers. */
  readonly extractive: LanguageModel;
  readonly maxOutputTokens: number;
  /** Told of an answer whose model had no room for some of what was found. */
  readonly onShortened?: (shortened: Shortened) => void;
}

export interface Shortened {
  readonly model: string;
  /** Of the sources that were found. */
  readonly found: number;
  readonly leftOut: number;
}

/** An answer, and whether it is what would be answered again. */
export interface Generated {
  readonly answer: Answer;
  readonly isKept: boolean;
}

interface Evidence {
  readonly found: Retrieved;
  readonly signal: AbortSignal;
}

/** Lets the models write into the flight, one after the other where one fails. Rejects with TURN_INTERRUPTED once `signal` is aborted. */
export async function generate(dependencies: StepDependencies, question: Question, flight: Flight, { found, signal }: Evidence): Promise<Generated> {
  const { guards, deadlines, extractive, limits, onShortened } = dependencies;
  const { kernel } = guards;
  flight.show('generating');
  flight.setSources(found.sources);
  const { candidates, owner } = question;
  const onQueued = (): void => flight.show('queued');
  const stream = (model: LanguageModel, request: GenerationRequest, inner: AbortSignal, turnByMs: number): AsyncIterable<GenerationPart> => {
    const call = { account: model.account, priority: 'live', owner, signal: inner, deadlineMs: turnByMs, onQueued } as const;
    return streamProvider(guards, call, (guarded) => model.stream(request, guarded));
  };
  const options = { clock: kernel.clock, candidates, extractive, deadlines, stream, rounds: limits.attempts };
  const { sentText } = question;
  const evidence = { request: generationRequest(dependencies, question, found), deadlineMs: flight.deadlineMs, signal, sentText };
  const written = await writeAnswer(options, evidence, flight).catch(asInterruption);
  await whenFrameLog(kernel);
  flight.catchUp();
  const { finish, usage, model, leftOut } = written;
  if (leftOut.length > 0) onShortened?.({ model, found: found.sources.length, leftOut: leftOut.length });
  const degraded = [...found.degraded, ...written.degraded];
  const sources = readSources(found.sources, leftOut, flight.citations);
  const answer = { answer: flight.text, citations: flight.citations, sources, degraded, finish, usage, model };
  return { answer, isKept: finish === 'stop' && degraded.length === 0 && !written.isFallback };
}

/** What the model has read, and what an earlier one has cited. Of the best source at least the beginning was read. */
function readSources(sources: readonly Source[], leftOut: readonly string[], citations: readonly Citation[]): readonly Source[] {
  if (leftOut.length === 0) return sources;
  const cited = new Set(citations.map(({ source_id }) => source_id));
  return sources.filter(({ id }, place) => place === 0 || !leftOut.includes(id) || cited.has(id));
}

function asInterruption(error: unknown): never {
  if (!(error instanceof ProviderError)) throw error;
  throw new ServiceError('TURN_INTERRUPTED', error.message, { cause: error });
}

function generationRequest({ maxOutputTokens }: StepDependencies, { text, temperature, search: { language } }: Question, found: Retrieved): GenerationRequest {
  const { sources, terms, statistics } = found;
  const evidence = statistics === undefined ? {} : { evidence: { terms, statistics } };
  return { question: text, sources, prompt: assemblePrompt({ question: text, sources, language }), language, temperature, maxOutputTokens, ...evidence };
}
