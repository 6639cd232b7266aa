import { workerUrl } from '#src/locations.ts';
import type { KnowledgeWriterInfo } from '#src/store/knowledge/events.ts';
import type { Store } from '#src/store/tenant-store.ts';
import { STORE_ACTORS } from '#src/store/tenant-store.ts';
import { VECTORS_ACTOR } from '#src/store/vectors/events.ts';
import { worker } from './kernel/handles/worker.ts';
import type { StartFunction } from './kernel/process.ts';
import { supervisor } from './kernel/supervisor.ts';

/** A piece of ingestion, or a check of a large file, may keep a worker busy for seconds. */
const HEARTBEAT_MS = 10_000;
/** Enough for the largest document and its chunks; beyond it the worker dies and the process does not. */
const MAX_HEAP_MB = 256;

export interface StoreParts {
  readonly directory: string;
  readonly store: Store;
  /** Whether vectors are kept here. */
  readonly hasVectors: boolean;
}

/** Each database has one writer of its own, so that ingestion never delays a chat. The reader opens what the writer has made. */
export function storeSupervisor({ directory, store, hasVectors }: StoreParts): StartFunction {
  const input = { directory };
  const thread = { input, heartbeatMs: HEARTBEAT_MS, maxHeapMb: MAX_HEAP_MB };
  const { conversations, knowledgeWriter, knowledgeReader } = STORE_ACTORS;
  return supervisor({
    strategy: 'one_for_one',
    intensity: 20,
    periodMs: 60_000,
    children: [
      { id: 'conversations', name: conversations, start: worker({ ...thread, url: workerUrl('store/conversations.worker') }) },
      {
        id: 'knowledge',
        name: knowledgeWriter,
        start: worker({
          ...thread,
          url: workerUrl('store/knowledge.worker'),
          onUp: (info) => store.writerUp(info as KnowledgeWriterInfo),
          onDown: () => store.writerDown(),
        }),
      },
      ...(hasVectors ? [{ id: 'vectors', name: VECTORS_ACTOR, start: worker({ ...thread, url: workerUrl('store/vectors.worker') }) }] : []),
      { id: 'knowledge-reader', name: knowledgeReader, start: worker({ ...thread, url: workerUrl('store/knowledge-reader.worker') }) },
    ],
  });
}
