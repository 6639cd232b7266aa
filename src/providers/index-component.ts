import type { Component, ComponentStatus } from '#agents/health/health.agent.ts';
import type { EmbeddedVectorIndex } from '#src/adapters/vector-index/embedded.ts';

const ASK_TIMEOUT_MS = 5000;

/**
 * Health of the vector index in the data directory: degraded while vectors are read in or a graph is built, so that
 * searches wait or are slower. Each check tells what the one before has found out.
 */
export function indexComponent(index: EmbeddedVectorIndex): Component {
  let last: ComponentStatus = 'up';
  const refresh = async (): Promise<void> => {
    const { spaces } = await index.status(AbortSignal.timeout(ASK_TIMEOUT_MS));
    last = spaces.some(({ state }) => state === 'loading' || state === 'building') ? 'degraded' : 'up';
  };
  return {
    name: 'vector_index',
    isVital: false,
    check: () => {
      refresh().catch(() => (last = 'down'));
      return last;
    },
  };
}
