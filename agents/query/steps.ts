import { cached, keep } from '#agents/cache/cache.agent.ts';
import type { FuseOptions } from '#agents/fuse/fuse.agent.ts';
import { permission, tellFuse } from '#agents/fuse/fuse.agent.ts';
import { whenFrameLog } from '#agents/frames/frames.agent.ts';
import type { ErrorCode } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import type { SearchRequest, SearchResult, TenantStore } from '#src/ports/store.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Answer } from './answer.ts';
import type { Flight } from './flight.ts';
import type { StreamDeadlines } from './stream-watchdog.ts';
import { StreamWatchdog } from './stream-watchdog.ts';

/** A question on its way, with all that its steps need. */
export interface Question {
  readonly text: string;
  readonly options: AskOptions;
  readonly search: SearchRequest;
  /** The cache's keys; undefined where the documents' epoch is not known, so that nothing may be kept. */
  readonly keys: { readonly answer: string; readonly retrieval: string } | undefined;
}

export interface StepDependencies {
  readonly kernel: Kernel;
  readonly store: TenantStore;
  readonly model: LanguageModel;
  readonly fuse: FuseOptions;
  readonly deadlines: StepDeadlines;
}

/** How long each step may take. */
export interface StepDeadlines extends StreamDeadlines {
  readonly searchMs: number;
}

interface Evidence {
  readonly search: SearchResult;
  readonly signal: AbortSignal;
}

type StreamEnd = Extract<GenerationPart, { type: 'end' }>;

/** What the fuse of the search guards. */
const LEXICAL_INDEX = 'lexical:fts5';

/** Finds the evidence. Rejects with RETRIEVAL_UNAVAILABLE. */
export async function retrieve({ kernel, store, fuse, deadlines }: StepDependencies, question: Question, flight: Flight): Promise<SearchResult> {
  flight.show('retrieving');
  const key = question.keys?.retrieval;
  const known = key === undefined ? undefined : cached<SearchResult>(kernel, 'retrieval', key);
  if (known !== undefined) return known;
  await permit(kernel, LEXICAL_INDEX, fuse, 'RETRIEVAL_UNAVAILABLE');
  const found = await guarded(kernel, LEXICAL_INDEX, 'RETRIEVAL_UNAVAILABLE', () => within(kernel.clock, deadlines.searchMs, store.knowledge.search(question.search)));
  if (key !== undefined) keep(kernel, 'retrieval', key, found);
  return found;
}

/** Lets the model write into the flight. Rejects with MODEL_UNAVAILABLE. */
export async function generate(
  dependencies: StepDependencies,
  question: Question,
  flight: Flight,
  { search, signal }: Evidence,
): Promise<Answer> {
  const { kernel, model, fuse } = dependencies;
  flight.show('generating');
  await permit(kernel, model.id, fuse, 'MODEL_UNAVAILABLE');
  flight.setSources(search.sources);
  const end = await guarded(kernel, model.id, 'MODEL_UNAVAILABLE', () => write(dependencies, question, flight, { search, signal }));
  await whenFrameLog(kernel);
  flight.catchUp();
  const { finish, usage } = end;
  return { answer: flight.text, citations: flight.citations, sources: search.sources, degraded: [], finish, usage, model: model.id };
}

async function write(dependencies: StepDependencies, question: Question, flight: Flight, { search, signal }: Evidence): Promise<StreamEnd> {
  const { kernel, model, deadlines } = dependencies;
  const watchdog = new StreamWatchdog(kernel.clock, deadlines, signal);
  try {
    for await (const part of model.stream(generationRequest(question, search), watchdog.signal)) {
      watchdog.heard();
      if (part.type === 'end') return part;
      if (part.type === 'text') flight.addText(part.text);
      else flight.citations.push({ source_id: part.source_id, start: part.start, end: part.end });
    }
  } finally {
    watchdog.stop();
  }
  throw watchdog.error ?? new ServiceError('MODEL_UNAVAILABLE', `the stream of ${model.id} ended before its answer did`);
}

function generationRequest({ text, options, search: { language } }: Question, { sources, terms, statistics }: SearchResult): GenerationRequest {
  const { temperature } = options;
  const prompt = assemblePrompt({ question: text, sources, language });
  const request = { question: text, sources, evidence: { terms, statistics }, prompt, language };
  return temperature === undefined ? request : { ...request, temperature };
}

async function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = clock.setTimeout(() => reject(new ServiceError('ASK_TIMEOUT', `nothing was found within ${limitMs}ms`)), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}

async function permit(kernel: Kernel, part: string, fuse: FuseOptions, code: ErrorCode): Promise<void> {
  const answer = await permission(kernel, part, fuse);
  if (!answer.permitted) throw new ServiceError(code, `the fuse of ${part} is open`, { retryAfterMs: answer.retryAfterMs });
}

/** Runs a permitted call and tells its fuse how it went. A designed failure melts it; a bug is left to crash. */
async function guarded<T>(kernel: Kernel, part: string, code: ErrorCode, call: () => Promise<T>): Promise<T> {
  try {
    const result = await call();
    tellFuse(kernel, part, 'succeeded');
    return result;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    tellFuse(kernel, part, 'melt');
    throw new ServiceError(code, error.message, { cause: error });
  }
}
