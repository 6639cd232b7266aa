import { LRUCache } from 'lru-cache';
import type { FrameJournal, FrameRecord } from '#src/ports/frame-journal.ts';

export interface MemoryJournalLimits {
  /** Of all sessions; the session that was written to longest ago goes first. */
  readonly maxBytes: number;
  /** Of one session; its oldest ended turns go first. */
  readonly maxSessionBytes: number;
}

interface SessionLog {
  records: FrameRecord[];
  bytes: number;
}

const BYTES_PER_UNIT = 2;
/** What a record costs beside its JSON, measured with 100 000 deltas of 8 characters. */
const RECORD_OVERHEAD_BYTES = 150;

/** Keeps the frame log in this process's memory: it outlives the actor `frames`, not the process. */
export function memoryJournal({ maxBytes, maxSessionBytes }: MemoryJournalLimits): FrameJournal {
  const sessions = new LRUCache<string, SessionLog>({ maxSize: maxBytes, maxEntrySize: maxBytes });
  const logOf = (session: string): SessionLog => sessions.get(session) ?? { records: [], bytes: 0 };
  return {
    append: (record) => {
      const log = logOf(record.session);
      log.records.push(record);
      log.bytes += sizeOf(record);
      trim(log, maxSessionBytes);
      // another object each time: the cache takes the same one for unchanged, and its size with it
      sessions.set(record.session, { ...log }, { size: log.bytes });
    },
    flush: () => undefined,
    read: (session) => sessions.peek(session)?.records ?? [],
    lastSeq: (session) => sessions.peek(session)?.records.at(-1)?.seq ?? 0,
    forget: (session) => void sessions.delete(session),
  };
}

/** Drops whole turns from the front; the last turn stays whatever its size, so that it can always be resumed. */
function trim(log: SessionLog, maxBytes: number): void {
  while (log.bytes > maxBytes && log.records[0]?.turn !== log.records.at(-1)?.turn) {
    const oldest = log.records[0]?.turn;
    log.records = log.records.filter((record) => record.turn !== oldest);
    log.bytes = log.records.reduce((sum, record) => sum + sizeOf(record), 0);
  }
}

function sizeOf(record: FrameRecord): number {
  return RECORD_OVERHEAD_BYTES + BYTES_PER_UNIT * record.json.length;
}
