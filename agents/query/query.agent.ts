import { keep } from '#agents/cache/cache.agent.ts';
import { frameLog } from '#agents/frames/frames.agent.ts';
import type { CrashRecorder } from '#src/telemetry/capsules/crash-recorder.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';
import type { PartialAnswer } from './answer.ts';
import { Flight } from './flight.ts';
import type { Waiter } from './query.events.ts';
import { queryMachine } from './query.machine.ts';
import { QueryNotes } from './query-notes.ts';
import type { Question } from './question.ts';
import { retrieve } from './retrieval.ts';
import type { StepDependencies as Steps } from './steps.ts';
import { generate } from './steps.ts';

export type { Answer, PartialAnswer } from './answer.ts';
export type { QueryOutcome, Waiter } from './query.events.ts';
export type { Candidate } from './answer-writer.ts';
export { ExpectedSearches } from './expected-searches.ts';
export type { Question } from './question.ts';
export type { DenseSearch, Retrieved, RetrievalLimits } from './retrieval.ts';
export { beginSearches } from './searches.ts';

export const QUERIES = 'queries';

export interface StepDependencies extends Steps {
  /** Told what a query works on, for the case that it crashes. */
  readonly recorder?: CrashRecorder;
}

const LEAVE_TIMEOUT_MS = 1000;

/** One running question. A query that crashes is not restarted: who waits for it asks again. */
export function querySpec(name: string, dependencies: StepDependencies, question: Question): ChildSpec & { readonly name: string } {
  const { kernel } = dependencies.guards;
  return {
    id: 'query',
    name,
    restart: 'temporary',
    start: actor(queryMachine, {
      input: () => {
        const flight = new Flight(() => frameLog(kernel), question);
        const notes = new QueryNotes(question, flight, kernel.clock);
        dependencies.recorder?.watch(name, () => notes.describe());
        return {
          flight,
          retrieve: (signal) => notes.retrieving(retrieve(dependencies, question, flight, signal)),
          generate: (found, signal) => notes.generating(generate(dependencies, question, flight, { found, signal })),
          keep: ({ answer, isKept }) => {
            if (question.keys !== undefined && isKept) keep(kernel, 'answer', question.keys.answer, answer);
          },
          tell: (waiter, outcome) => {
            notes.telling(waiter, outcome);
            kernel.send(waiter.owner, outcome);
          },
          watch: ({ owner, turn }) => kernel.monitor(owner, () => void kernel.send(name, { type: 'owner.gone', turn })),
        };
      },
    }),
  };
}

/** Lets a turn wait for the answer of a query. Rejects with ACTOR_DOWN when the query is over. */
export function joinQuery(kernel: Kernel, query: string, waiter: Waiter): Promise<void> {
  return kernel.ask<void>(query, { type: 'join', waiter });
}

/** Takes a turn off a query: nothing reaches it any more once this has resolved. Rejects with ACTOR_DOWN when the query is over. */
export function leaveQuery(kernel: Kernel, query: string, turn: string): Promise<PartialAnswer> {
  return kernel.ask<PartialAnswer>(query, { type: 'leave', turn }, { timeoutMs: LEAVE_TIMEOUT_MS });
}
