import type { AnswerEnd } from '#src/ports/answer.ts';
import type { CachedTurn, JobRecord, NewDocument, NewTurn, TurnOutcome } from '#src/ports/store.ts';
import type { RecordedTurns } from '#src/store/conversations/events.ts';
import type { JobReply, KnowledgeWrite, Scope } from '#src/store/knowledge/events.ts';
import { RecordedTurnsDraft } from '#src/store/tenant/kept-answers.ts';

export const SCOPE: Scope = { tenant: 'default', collection: 'default' };
export const CHUNKING = { chunkSize: 64, overlap: 8 };

export function newTurn(id: string, changes: Partial<NewTurn> = {}): NewTurn {
  return { id, session: 's1', askId: `ask-${id}`, question: 'What is it?', options: {}, acceptedAt: 1000, ...changes };
}

export function answerEnd(answer: string): AnswerEnd {
  return {
    answer,
    citations: [{ source_id: 'c#1#0', start: 0, end: answer.length }],
    sources: [],
    cache_hit: false,
    latency_ms: 12,
    degraded: [],
    finish: 'stop',
    usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    model: 'extractive:quotes',
  };
}

export function answered(answer: string): TurnOutcome {
  return { state: 'answered', end: answerEnd(answer) };
}

/** The answer object is new each time: spread it to share one. */
export function cachedTurn(id: string, answer: string, changes: Partial<CachedTurn> = {}): CachedTurn {
  const { cache_hit: _, latency_ms: __, ...shared } = answerEnd(answer);
  return { ...newTurn(id), session: `s-${id}`, answer: shared, latencyMs: 0.2, ...changes };
}

/** The turns as the store's worker gets them. */
export function recorded(...turns: readonly CachedTurn[]): RecordedTurns {
  const draft = new RecordedTurnsDraft();
  for (const turn of turns) draft.add(turn);
  return draft.finish();
}

export const FAILED: TurnOutcome = {
  state: 'failed',
  error: { code: 'TURN_TIMEOUT', message: 'The question was not answered in time.', retryable: true },
};

/** A Markdown text of so many sections, each with the word that marks it: `mark0`, `mark1` … */
export function sections(count: number, mark: string): string {
  const section = (at: number): string => `# Part ${at}\n\nThis part speaks of ${mark}${at} and of nothing else, at some length.`;
  return Array.from({ length: count }, (_, at) => section(at)).join('\n\n');
}

let jobs = 0;

export function indexJob(documents: readonly NewDocument[], scope: Scope = SCOPE, job = `job-${(jobs += 1)}`): KnowledgeWrite & { job: string } {
  return { type: 'create-index-job', ...scope, job, documents, chunking: CHUNKING, language: 'en', at: 1000 };
}

/** A job of many pieces, each document of which speaks of words of its own. */
export function killedJob(job = 'killed'): KnowledgeWrite & { job: string } {
  const documents = Array.from({ length: 400 }, (_, at) => ({ id: `d${at}`, text: sections(12, `mark${at}x`) }));
  return { type: 'create-index-job', ...SCOPE, job, documents, chunking: CHUNKING, language: 'en', at: 1000 };
}

type Write = <Reply>(event: KnowledgeWrite) => Reply;

/** Makes a job of the documents and does all of it. */
export function index(write: Write, documents: readonly NewDocument[], scope: Scope = SCOPE, job?: string): JobReply {
  const event = indexJob(documents, scope, job);
  write<JobReply>(event);
  return finish(write, event.job, scope);
}

export function finish(write: Write, job: string, scope: Scope = SCOPE): JobReply {
  for (;;) {
    const reply = write<JobReply>({ type: 'advance-job', ...scope, job, at: 2000 });
    if (hasEnded(reply.job)) return reply;
  }
}

export function hasEnded(job: JobRecord): boolean {
  return job.endedAt !== null;
}
