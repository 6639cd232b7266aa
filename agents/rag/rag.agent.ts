import type { Answer } from '#agents/query/query.agent.ts';
import type { Statistics } from '#src/ports/frame.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { AdmissionOptions } from './admission.ts';
import { Admission } from './admission.ts';
import type { ExpectedQuestion, Opened, OpenQuestion, QuestionOutcome, RagQuestion } from './rag.events.ts';
import type { RagState } from './rag.machine.ts';
import { ragLogic } from './rag.machine.ts';
import { Tally } from './tally.ts';

export type { AdmissionOptions } from './admission.ts';
export type { ExpectedQuestion, Opened, OpenQuestion, QuestionOutcome, RagQuestion } from './rag.events.ts';

export const RAG = 'rag-agent';

const RESTART_WAIT_MS = 1000;
const NO_STATISTICS: Statistics = { queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 };

export function ragAgent(options: AdmissionOptions): StartFunction {
  return actor(ragLogic, { input: () => ({ admission: new Admission(options), tally: new Tally() }), table: ({ context }) => context });
}

/**
 * Begins to search for the evidence of a question that will be opened in a moment, unless that or its answer is known or
 * under way. Who opens it takes the searches over; without anybody they are given up as soon as the signal is aborted.
 */
export function expectQuestion(kernel: Kernel, question: ExpectedQuestion, signal: AbortSignal): void {
  kernel.table<RagState>(RAG)?.admission.expect(question, signal);
}

/** Finds the answer of a question, or the query that makes it. Rejects with OVERLOADED or ACTOR_DOWN. */
export async function openQuestion(kernel: Kernel, question: OpenQuestion): Promise<Opened> {
  if (kernel.whereis(RAG) === undefined) await kernel.whenUp(RAG, RESTART_WAIT_MS);
  return kernel.ask<Opened>(RAG, { type: 'open', question });
}

/** An answer that was kept; undefined also while the agent is down. Changes nothing, so it is read from the agent's table. */
export function lookUp(kernel: Kernel, question: RagQuestion): Answer | undefined {
  return kernel.table<RagState>(RAG)?.admission.lookUp(question);
}

export function countQuestion(kernel: Kernel, outcome: QuestionOutcome): void {
  kernel.table<RagState>(RAG)?.tally.count(outcome);
}

/** How the questions since the agent's start have ended; zeros while it is down. */
export function statistics(kernel: Kernel): Statistics {
  return kernel.table<RagState>(RAG)?.tally.statistics() ?? NO_STATISTICS;
}
