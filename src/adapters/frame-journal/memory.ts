import type { FrameJournal, FrameRecord } from '#src/ports/frame-journal.ts';
import type { WrittenRun } from './delta-run.ts';
import { SessionLog } from './session-log.ts';

export interface MemoryLimits {
  /** Of all sessions; ended turns before the last of each go first, then whole sessions, those that asked longest ago first. */
  readonly maxBytes: number;
  /** Of one session; its oldest ended turns go first. */
  readonly maxSessionBytes: number;
}

/** Room is made for more than the next record, so that the oldest are seldom looked for. */
const FREED_SHARE = 0.1;

export function memoryJournal(limits: MemoryLimits): FrameJournal {
  return new MemoryJournal(limits);
}

/**
 * Keeps the frame log in this process's memory: it outlives the actor `frames`, not the process. A turn without an end
 * is kept whatever its size, so that it can always be resumed.
 */
export class MemoryJournal implements FrameJournal {
  readonly #limits: MemoryLimits;
  /** The session that was made room for, or opened a turn, longest ago comes first. */
  readonly #sessions = new Map<string, SessionLog>();
  #bytes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** @param place where it is written, as `openSince` tells it */
  append(record: FrameRecord, place = 0): void {
    const log = this.#logOf(record.session, record.type === 'accepted');
    const bytes = log.bytes;
    log.append(record, place);
    this.#grew(log, bytes);
  }

  /** Takes deltas in a row, as they were written before. */
  appendRun(session: string, run: WrittenRun): void {
    const log = this.#logOf(session, false);
    const bytes = log.bytes;
    log.appendRun(run);
    this.#grew(log, bytes);
  }

  flush(): void {}

  close(): void {}

  read(session: string, after: number): readonly FrameRecord[] {
    return this.#sessions.get(session)?.read(after) ?? [];
  }

  textOf(session: string, turn: string): string {
    return this.#sessions.get(session)?.textOf(turn) ?? '';
  }

  lastSeq(session: string): number {
    return this.#sessions.get(session)?.lastSeq ?? 0;
  }

  forget(session: string): void {
    this.#bytes -= this.#sessions.get(session)?.bytes ?? 0;
    this.#sessions.delete(session);
  }

  clear(): void {
    this.#sessions.clear();
    this.#bytes = 0;
  }

  openSessions(): readonly string[] {
    return this.openLogs().map(({ session }) => session);
  }

  /** Where the oldest turn without an end began; Infinity when all have ended. */
  openSince(): number {
    return this.openLogs().reduce((oldest, { openSince = Infinity }) => Math.min(oldest, openSince), Infinity);
  }

  /** Those with a turn that has not ended. */
  openLogs(): readonly SessionLog[] {
    return [...this.#sessions.values()].filter(({ hasOpenTurns }) => hasOpenTurns);
  }

  #logOf(session: string, isLatest: boolean): SessionLog {
    const known = this.#sessions.get(session);
    if (known !== undefined && !isLatest) return known;
    const log = known ?? new SessionLog(session);
    this.#sessions.delete(session);
    this.#sessions.set(session, log);
    return log;
  }

  #grew(log: SessionLog, bytesBefore: number): void {
    this.#bytes += log.bytes - bytesBefore;
    if (log.bytes > this.#limits.maxSessionBytes) this.#trim(log, this.#limits.maxSessionBytes);
    if (this.#bytes > this.#limits.maxBytes) this.#makeRoom();
  }

  #trim(log: SessionLog, maxBytes: number): void {
    const bytes = log.bytes;
    while (log.bytes > maxBytes && log.dropOldestTurn());
    this.#bytes += log.bytes - bytes;
  }

  #makeRoom(): void {
    const target = this.#limits.maxBytes * (1 - FREED_SHARE);
    for (const log of this.#sessions.values()) {
      if (this.#bytes <= target) return;
      this.#trim(log, 0);
    }
    for (const { session, hasOpenTurns } of this.#sessions.values()) {
      if (this.#bytes <= target) return;
      if (!hasOpenTurns) this.forget(session);
    }
  }
}
