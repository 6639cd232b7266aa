import type { FrameJournal, FrameRecord } from '#src/ports/frame-journal.ts';

export interface MemoryJournalLimits {
  /** Of all sessions; the session that was written to longest ago goes first. */
  readonly maxBytes: number;
  /** Of one session; its oldest ended turns go first. */
  readonly maxSessionBytes: number;
}

interface SessionLog {
  readonly session: string;
  records: FrameRecord[];
  bytes: number;
  /** Which write of the journal was its last. */
  lastWrite: number;
}

const BYTES_PER_UNIT = 2;
/** What a record costs beside its JSON, measured with 100 000 deltas of 8 characters. */
const RECORD_OVERHEAD_BYTES = 150;
/** Room is made for more than the next record, so that the oldest are seldom looked for. */
const FREED_SHARE = 0.1;

/** Keeps the frame log in this process's memory: it outlives the actor `frames`, not the process. */
export function memoryJournal(limits: MemoryJournalLimits): FrameJournal {
  return new MemoryJournal(limits);
}

class MemoryJournal implements FrameJournal {
  readonly #limits: MemoryJournalLimits;
  readonly #sessions = new Map<string, SessionLog>();
  #bytes = 0;
  #writes = 0;

  constructor(limits: MemoryJournalLimits) {
    this.#limits = limits;
  }

  append(record: FrameRecord): void {
    const log = this.#logOf(record.session);
    const size = sizeOf(record);
    log.records.push(record);
    log.lastWrite = this.#writes += 1;
    this.#resize(log, log.bytes + size);
    if (log.bytes > this.#limits.maxSessionBytes) this.#trim(log);
    if (this.#bytes > this.#limits.maxBytes) this.#makeRoom();
  }

  flush(): void {}

  read(session: string): readonly FrameRecord[] {
    return this.#sessions.get(session)?.records ?? [];
  }

  lastSeq(session: string): number {
    return this.#sessions.get(session)?.records.at(-1)?.seq ?? 0;
  }

  forget(session: string): void {
    const log = this.#sessions.get(session);
    if (log !== undefined) this.#resize(log, 0);
    this.#sessions.delete(session);
  }

  #logOf(session: string): SessionLog {
    const known = this.#sessions.get(session);
    if (known !== undefined) return known;
    const log = { session, records: [], bytes: 0, lastWrite: 0 };
    this.#sessions.set(session, log);
    return log;
  }

  #resize(log: SessionLog, bytes: number): void {
    this.#bytes += bytes - log.bytes;
    log.bytes = bytes;
  }

  /** Drops whole turns from the front; the last turn stays whatever its size, so that it can always be resumed. */
  #trim(log: SessionLog): void {
    while (log.bytes > this.#limits.maxSessionBytes && log.records[0]?.turn !== log.records.at(-1)?.turn) {
      const oldest = log.records[0]?.turn;
      log.records = log.records.filter((record) => record.turn !== oldest);
      this.#resize(log, log.records.reduce((sum, record) => sum + sizeOf(record), 0));
    }
  }

  #makeRoom(): void {
    const target = this.#limits.maxBytes * (1 - FREED_SHARE);
    for (const { session } of [...this.#sessions.values()].sort((a, b) => a.lastWrite - b.lastWrite)) {
      if (this.#bytes <= target) return;
      this.forget(session);
    }
  }
}

function sizeOf(record: FrameRecord): number {
  return RECORD_OVERHEAD_BYTES + BYTES_PER_UNIT * record.json.length;
}
