import { QUERIES } from '#agents/query/query.agent.ts';
import type { AdmissionOptions } from '#agents/rag/rag.agent.ts';
import { RAG, ragAgent } from '#agents/rag/rag.agent.ts';
import { dynamicSupervisor } from './kernel/dynamic-supervisor.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';

/** The agent that lets questions in, and an actor for each question that runs. Queries run on when the agent crashes. */
export function ragSupervisor(options: AdmissionOptions, maxConcurrentQueries: number): StartFunction {
  return supervisor({
    strategy: 'one_for_one',
    intensity: 20,
    periodMs: 60_000,
    children: [
      { id: 'rag-agent', name: RAG, start: ragAgent(options) },
      {
        id: 'queries',
        name: QUERIES,
        type: 'supervisor',
        start: dynamicSupervisor({ maxChildren: maxConcurrentQueries, intensity: 20, periodMs: 60_000 }),
      },
    ],
  });
}
