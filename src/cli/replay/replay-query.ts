import { frameLog, FRAMES, framesAgent, whenFrameLog } from '#agents/frames/frames.agent.ts';
import type { Candidate, Question, QueryOutcome, Retrieved, StepDependencies } from '#agents/query/query.agent.ts';
import { joinQuery, QUERIES, querySpec } from '#agents/query/query.agent.ts';
import type { Config } from '#config/schema.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import { memoryJournal } from '#src/adapters/frame-journal/memory.ts';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import type { LoggedFrame, StatusFrame } from '#src/ports/frame.ts';
import type { CapsuleQuestion } from '#src/telemetry/capsules/capsule.ts';
import { guardsSupervisor } from '#supervisors/guards.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { ensureChild } from '#supervisors/kernel/ensure-child.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';

export interface ReplayOptions {
  readonly question: CapsuleQuestion;
  /** The evidence of then; nothing is found where the crash came before it. */
  readonly retrieved: Retrieved | undefined;
  readonly config: Config;
  /** Who answers, in order; nobody leaves it to quotes of the documents. */
  readonly candidates: readonly Candidate[];
  readonly onFrame: (frame: LoggedFrame | StatusFrame) => void;
}

/** How the run ended: as it was told to those who wait, or by a crash. */
export type ReplayOutcome = QueryOutcome | { readonly type: 'crashed'; readonly reason: ExitReason };

const QUERY = 'query:replay';
const WAITER = 'waiter';
const SESSION = 'replay';
const TURN = 'replay';
const NOTHING: Retrieved = { sources: [], terms: [], statistics: undefined, degraded: [] };
const JOURNAL_LIMITS = { maxBytes: 64 * 1024 * 1024, maxSessionBytes: 64 * 1024 * 1024 };

/** Runs the query actor of the service on the question and the evidence of a capsule, in a tree of its own. */
export async function replayQuery(options: ReplayOptions): Promise<ReplayOutcome> {
  const { promise: outcome, resolve } = Promise.withResolvers<ReplayOutcome>();
  const kernel = new Kernel({ onOrphanFailure: (error) => resolve({ type: 'crashed', reason: { kind: 'error', error } }) });
  await kernel.boot({ name: 'replay', start: replayTree(options.config, resolve) });
  try {
    const { shown } = await follow(kernel, options);
    await ensureChild(kernel, QUERIES, querySpec(QUERY, dependenciesOf(kernel, options), questionOf(kernel, options)));
    // A query tells its end before it ends: what it told comes first.
    kernel.monitor(QUERY, (reason) => setImmediate(() => resolve({ type: 'crashed', reason })));
    await joinQuery(kernel, QUERY, { session: SESSION, turn: TURN, owner: WAITER, sent: options.question.sentText, deadlineMs: deadlineOf(kernel, options) });
    const ended = await outcome;
    endTurn(kernel);
    await shown;
    return ended;
  } finally {
    await kernel.stop();
  }
}

function replayTree(config: Config, onOutcome: (outcome: ReplayOutcome) => void): StartFunction {
  return supervisor({
    intensity: 0,
    periodMs: 1000,
    children: [
      { id: 'guards', name: 'guards', type: 'supervisor', start: guardsSupervisor(config) },
      { id: 'frames', name: FRAMES, start: framesAgent(memoryJournal(JOURNAL_LIMITS)) },
      { id: 'queries', name: QUERIES, type: 'supervisor', start: dynamicSupervisor({ intensity: 0, periodMs: 1000 }) },
      { id: 'waiter', name: WAITER, start: waiter(onOutcome) },
    ],
  });
}

/** Who waits for the answer, where a session would. */
function waiter(onOutcome: (outcome: ReplayOutcome) => void): StartFunction {
  return ({ exit }) => ({
    send: (event) => onOutcome(event as unknown as QueryOutcome),
    shutdown: () => exit(SHUTDOWN),
    kill: () => undefined,
  });
}

/** What was sent before the run stands in the log, as it did then. The result's promise resolves when the end was shown. */
async function follow(kernel: Kernel, { question, retrieved, onFrame }: ReplayOptions): Promise<{ readonly shown: Promise<void> }> {
  const log = await whenFrameLog(kernel);
  const { promise: shown, resolve } = Promise.withResolvers<void>();
  const show = (json: string): void => {
    const frame = JSON.parse(json) as LoggedFrame | StatusFrame;
    onFrame(frame);
    if (frame.type === 'answer-error') resolve();
  };
  log.begin(SESSION);
  log.append(SESSION, { type: 'accepted', id: TURN, turn: TURN, question: question.text });
  if (question.sentText !== '') {
    log.append(SESSION, { type: 'sources', turn: TURN, sources: retrieved?.sources ?? [] });
    log.append(SESSION, { type: 'answer-start', turn: TURN });
    log.append(SESSION, { type: 'answer-delta', turn: TURN, text: question.sentText });
  }
  const { missed } = log.subscribe(SESSION, undefined, { frames: (records) => records.forEach(({ json }) => show(json)), status: show });
  missed.forEach(({ json }) => show(json));
  kernel.monitor(FRAMES, () => resolve());
  return { shown };
}

/** Frames are told later than the outcome: this one comes behind all others. */
function endTurn(kernel: Kernel): void {
  frameLog(kernel)?.append(SESSION, { type: 'answer-error', turn: TURN, error: toErrorBody(new ServiceError('TURN_ENDED')) });
}

function dependenciesOf(kernel: Kernel, { config, retrieved = NOTHING }: ReplayOptions): StepDependencies {
  const { terms, sources, statistics = { chunkCount: 0, documentFrequency: {} } } = retrieved;
  const found = { terms, sources, statistics };
  return {
    guards: { kernel, fuse: { maxMelts: config.fuseMelts, windowMs: config.fuseWindowMs, refreshMs: config.fuseResetMs } },
    store: { tenant: 'replay', knowledge: { collection: 'replay', search: () => Promise.resolve(found), sourcesOfVectors: () => Promise.resolve([]) } },
    rerankers: [],
    limits: { searchMs: config.searchTimeoutMs, embeddingMs: config.embeddingTimeoutMs, rerankMs: config.rerankTimeoutMs, attempts: config.providerAttempts },
    deadlines: { firstTokenMs: config.firstTokenTimeoutMs, idleMs: config.tokenIdleTimeoutMs },
    extractive: createExtractiveModel({ rate: 0, clock: kernel.clock }),
    maxOutputTokens: config.maxOutputTokens,
  };
}

function questionOf(kernel: Kernel, options: ReplayOptions): Question {
  const { question, candidates, config } = options;
  const { text, options: asked, sentText } = question;
  const search = question.search ?? { question: text, limit: asked.top_k ?? config.topK, language: asked.language ?? 'en' };
  const temperature = question.temperature ?? asked.temperature ?? config.temperature;
  return { text, options: asked, search, keys: undefined, candidates, temperature, owner: SESSION, deadlineMs: deadlineOf(kernel, options), sentText };
}

function deadlineOf(kernel: Kernel, { config }: ReplayOptions): number {
  return kernel.clock.now() + config.turnTimeoutMs;
}
