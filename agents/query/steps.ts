import { cached, keep } from '#agents/cache/cache.agent.ts';
import type { FuseOptions } from '#agents/fuse/fuse.agent.ts';
import { permission, tellFuse } from '#agents/fuse/fuse.agent.ts';
import { whenFrameLog } from '#agents/frames/frames.agent.ts';
import type { ErrorCode } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import type { GenerationPart, LanguageModel } from '#src/ports/language-model.ts';
import type { SearchRequest, SearchResult, TenantStore } from '#src/ports/store.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { Answer } from './answer.ts';
import type { Flight } from './flight.ts';

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
}

/** What the fuse of the search guards. */
const LEXICAL_INDEX = 'lexical:fts5';

/** Finds the evidence. Rejects with RETRIEVAL_UNAVAILABLE. */
export async function retrieve({ kernel, store, fuse }: StepDependencies, question: Question, flight: Flight): Promise<SearchResult> {
  flight.show('retrieving');
  const key = question.keys?.retrieval;
  const known = key === undefined ? undefined : await cached<SearchResult>(kernel, 'retrieval', key);
  if (known !== undefined) return known;
  await permit(kernel, LEXICAL_INDEX, fuse, 'RETRIEVAL_UNAVAILABLE');
  const found = await guarded(kernel, LEXICAL_INDEX, 'RETRIEVAL_UNAVAILABLE', () => store.knowledge.search(question.search));
  if (key !== undefined) keep(kernel, 'retrieval', key, found);
  return found;
}

/** Lets the model write into the flight. Rejects with MODEL_UNAVAILABLE. */
export async function generate(
  { kernel, model, fuse }: StepDependencies,
  question: Question,
  flight: Flight,
  { search, signal }: { readonly search: SearchResult; readonly signal: AbortSignal },
): Promise<Answer> {
  flight.show('generating');
  await permit(kernel, model.id, fuse, 'MODEL_UNAVAILABLE');
  flight.setSources(search.sources);
  const end = await guarded(kernel, model.id, 'MODEL_UNAVAILABLE', () => write(model, question, flight, { search, signal }));
  await whenFrameLog(kernel);
  flight.catchUp();
  const { finish, usage } = end;
  return { answer: flight.text, citations: flight.citations, sources: search.sources, degraded: [], finish, usage, model: model.id };
}

async function write(
  model: LanguageModel,
  { text, options, search: { language } }: Question,
  flight: Flight,
  { search, signal }: { readonly search: SearchResult; readonly signal: AbortSignal },
): Promise<Extract<GenerationPart, { type: 'end' }>> {
  const { sources, terms, statistics } = search;
  const { temperature } = options;
  const evidence = { terms, statistics };
  const request = { question: text, sources, evidence, prompt: assemblePrompt({ question: text, sources, language }), language };
  for await (const part of model.stream(temperature === undefined ? request : { ...request, temperature }, signal)) {
    if (part.type === 'end') return part;
    if (part.type === 'text') flight.addText(part.text);
    else flight.citations.push({ source_id: part.source_id, start: part.start, end: part.end });
  }
  throw new ServiceError('MODEL_UNAVAILABLE', `the stream of ${model.id} ended before its answer did`);
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
