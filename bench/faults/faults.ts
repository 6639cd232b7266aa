import type { Benchmark, Measured } from '../benchmark.ts';
import { ingest, postJson } from '../ingest.ts';
import { withConversations } from '../providers/conversation.ts';
import type { Asked, Conversation } from '../providers/conversation.ts';
import { makeDocuments, makeQuestion } from '../providers/material.ts';
import { withEmulators } from '../providers/with-emulators.ts';
import { withService } from '../service-process.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { answerFigures, describeDifferences } from './answers.ts';
import { cancelAt, cancelFigures, describeCancels } from './cancels.ts';
import type { Cancelled } from './cancels.ts';
import type { Setup } from './stages.ts';
import { SETUPS } from './stages.ts';

const FAULT_SHARE = 0.2;
/** Enough that each question is about a sentence of its own, so that quotes can answer it too. */
const DOCUMENTS = 70;
const DIFFERENCES_SHOWN = 3;
const POLL_MS = 10;
/** Failed calls are what is wanted. */
const QUIET = { BANYAN_LOG_LEVEL: 'error' };

interface Effort {
  /** Asking at the same time, each one question after the other. */
  readonly sessions: number;
  readonly questionsPerSession: number;
  readonly turnTimeoutMs: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly cancelsPerStage: number;
}

/** At a fifth of all calls every fuse would be open nearly always, and the models never asked. */
const OPEN_LATE = { BANYAN_FUSE_MELTS: '10000' };

const WHOLE: Effort = { sessions: 40, questionsPerSession: 20, turnTimeoutMs: 30_000, settings: {}, cancelsPerStage: 20 };
/** A third of the usual deadlines. */
const QUICK: Effort = {
  sessions: 40,
  questionsPerSession: 4,
  turnTimeoutMs: 10_000,
  settings: {
    BANYAN_TURN_TIMEOUT_MS: '10000',
    BANYAN_EMBEDDING_TIMEOUT_MS: '1000',
    BANYAN_SEARCH_TIMEOUT_MS: '1000',
    BANYAN_RERANK_TIMEOUT_MS: '700',
    BANYAN_FIRST_TOKEN_TIMEOUT_MS: '2700',
    BANYAN_TOKEN_IDLE_TIMEOUT_MS: '3300',
  },
  cancelsPerStage: 2,
};

/** A fifth of all calls to the providers fail in one of the ways of test/support/emulators/faults.ts; then questions are cancelled everywhere. */
export const benchmark: Benchmark = {
  targets: {
    usable_share: { min: 0.99 },
    ended_share: { min: 1 },
    late_questions: { max: 0 },
    duplicated_characters: { max: 0 },
    missing_characters: { max: 0 },
    open_sockets_after_cancel: { max: 0 },
    cancel_close_p99_ms: { max: 100 },
  },
  measure: async ({ isQuick }) => {
    const effort = isQuick ? QUICK : WHOLE;
    const withFuses = await measureAnswers(effort, {});
    const withoutFuses = await measureAnswers(effort, OPEN_LATE);
    const cancelled: Cancelled[] = [];
    for (const setup of SETUPS) cancelled.push(...(await measureCancels(setup, effort)));
    return summary([...withFuses, ...withoutFuses], cancelled, effort);
  },
};

function summary(asked: readonly Asked[], cancelled: readonly Cancelled[], { turnTimeoutMs }: Effort): Measured {
  const notes = [
    `half of the questions with the usual fuses, half with fuses that never open; deadline ${turnTimeoutMs / 1000} s`,
    describeCancels(cancelled),
    ...describeDifferences(asked, DIFFERENCES_SHOWN),
  ];
  return { figures: { ...answerFigures(asked, turnTimeoutMs), ...cancelFigures(cancelled) }, notes };
}

function measureAnswers(effort: Effort, settings: Readonly<Record<string, string>>): Promise<readonly Asked[]> {
  return withTemporaryDirectory((dataDir) =>
    withEmulators({ faultShare: FAULT_SHARE, tokenMs: 1, keepRequests: 10 }, async ({ environment }) => {
      const env = { ...environment, ...QUIET, ...effort.settings, ...settings };
      return await withService({ dataDir, env }, async ({ url }) => {
        await index(url);
        return await withConversations(url, effort.sessions, (conversations) => askAll(conversations, effort));
      });
    }),
  );
}

/** Until the texts can be searched by words; the vectors follow as the faults let them. */
async function index(url: string): Promise<void> {
  await postJson(`${url}/index`, { documents: makeDocuments(DOCUMENTS) });
  const isThere = async (): Promise<boolean> => {
    const { documents } = (await (await fetch(`${url}/documents`)).json()) as { readonly documents: readonly unknown[] };
    return documents.length === DOCUMENTS;
  };
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

/** The sessions side by side, the questions of each one after the other. */
async function askAll(conversations: readonly Conversation[], { questionsPerSession, turnTimeoutMs }: Effort): Promise<readonly Asked[]> {
  const askSome = async (conversation: Conversation, index: number): Promise<readonly Asked[]> => {
    const asked: Asked[] = [];
    while (asked.length < questionsPerSession) {
      const question = makeQuestion(index * questionsPerSession + asked.length, DOCUMENTS);
      asked.push(await conversation.ask(question, { timeoutMs: 2 * turnTimeoutMs }));
    }
    return asked;
  };
  return (await Promise.all(conversations.map(askSome))).flat();
}

function measureCancels({ settings, stages }: Setup, { cancelsPerStage }: Effort): Promise<readonly Cancelled[]> {
  return withTemporaryDirectory((dataDir) =>
    withEmulators({}, (emulators) =>
      withService({ dataDir, env: { ...emulators.environment, ...QUIET, ...settings } }, async ({ url }) => {
        await ingest(url, makeDocuments(DOCUMENTS));
        const cancelled: Cancelled[] = [];
        for (const stage of stages) {
          for (let n = 0; n < cancelsPerStage; n += 1) cancelled.push(await cancelAt(url, emulators, stage, makeQuestion(cancelled.length, DOCUMENTS)));
        }
        return cancelled;
      }),
    ),
  );
}
