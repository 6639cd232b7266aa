import type { FrameJournal, FrameRecord } from '#src/ports/frame-journal.ts';
import type { Line } from './lines.ts';
import { entryLine, forgottenLine, frameLine, parseLine } from './lines.ts';
import type { MemoryLimits } from './memory.ts';
import { MemoryJournal } from './memory.ts';
import type { SessionLog } from './session-log.ts';
import { readSegment } from './segment.ts';
import type { Segment } from './segment.ts';
import { bootId, SegmentFiles } from './segment-files.ts';

export interface DiskJournalOptions {
  readonly directory: string;
  readonly memory: MemoryLimits;
  /** How long a frame stays on disk, at least. */
  readonly retainMs: number;
  /** Told when the log cannot be written any more, and when it is written again. */
  readonly onFailure: (error: unknown) => void;
  readonly onRecovery: () => void;
  /** Told once when what was found could not be used. */
  readonly onDiscarded: (reason: string) => void;
  /** @defaultValue what the machine says */
  readonly boot?: string;
  /** @defaultValue Date.now */
  readonly wallTime?: () => number;
  /** @defaultValue 16 MB: written in two seconds by a thousand streaming sessions */
  readonly segmentBytes?: number;
  /** @defaultValue 64: a gigabyte */
  readonly maxSegments?: number;
}

const FORMAT = 1;
const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024;
const DEFAULT_MAX_SEGMENTS = 64;
/** Those that are written no more, beyond what turns need that have not ended. */
const KEPT_SEGMENTS = 3;
/** How often old frames are looked for while nothing is written. */
const RETENTION_CHECK_MS = 10 * 60 * 1000;
/** A disk that refused is asked again so often. */
const RETRY_MS = 1000;

/** What a segment begins with. */
interface Header {
  readonly format: number;
  readonly boot: string;
}

/**
 * Keeps the frame log in memory and in files, so that it outlives the process, also one that was killed: each `flush`
 * hands what was appended to the operating system in one write. After a loss of power, or where a file was cut or
 * changed, all of it is discarded: a log with a hole would give numbers a second time. A disk that refuses costs the
 * files and not the answers: the log goes on in memory.
 */
export class DiskJournal implements FrameJournal {
  readonly #options: DiskJournalOptions;
  readonly #memory: MemoryJournal;
  readonly #files: SegmentFiles;
  readonly #boot: string;
  readonly #retention: NodeJS.Timeout;
  #segment: Segment | undefined;
  /** Of the segment that is written, or was last. */
  #number = 0;
  /** How long the segment was when it had only what it repeats of those before it. */
  #repeatedBytes = 0;
  /** Set while the disk refuses. */
  #retryAtMs: number | undefined;
  /** Appended and not yet written. */
  #lines = '';

  /** Reads what is there. Throws what the file system throws. */
  constructor(options: DiskJournalOptions) {
    this.#options = options;
    this.#memory = new MemoryJournal(options.memory);
    this.#files = new SegmentFiles(options.directory);
    this.#boot = options.boot ?? bootId();
    this.#load();
    this.#attempt(() => this.#begin([]));
    this.#retention = setInterval(() => this.#attempt(() => this.#renew()), RETENTION_CHECK_MS).unref();
  }

  append(record: FrameRecord): void {
    this.#memory.append(record, this.#number);
    this.#lines += frameLine(record);
  }

  flush(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.#attempt(() => this.#write(lines));
  }

  read(session: string, after: number): readonly FrameRecord[] {
    return this.#memory.read(session, after);
  }

  textOf(session: string, turn: string): string {
    return this.#memory.textOf(session, turn);
  }

  openSessions(): readonly string[] {
    return this.#memory.openSessions();
  }

  lastSeq(session: string): number {
    return this.#memory.lastSeq(session);
  }

  /** What it said stays in the files until they are as old as frames may become. */
  forget(session: string): void {
    this.#memory.forget(session);
    this.#lines += forgottenLine(session);
    this.flush();
  }

  close(): void {
    clearInterval(this.#retention);
    this.flush();
    this.#segment?.close();
    this.#segment = undefined;
  }

  get #segmentBytes(): number {
    return this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
  }

  #write(lines: string): void {
    if (this.#segment === undefined) return this.#retry();
    this.#segment.append(lines);
    if (this.#segment.bytes - this.#repeatedBytes >= this.#segmentBytes) this.#renew();
  }

  /** What was not written is in memory, and what of it has not ended goes into the new segment. */
  #retry(): void {
    if (this.#retryAtMs !== undefined && performance.now() < this.#retryAtMs) return;
    this.#begin(this.#memory.openLogs());
    this.#retryAtMs = undefined;
    this.#options.onRecovery();
  }

  /** @param repeated sessions whose turns without an end are written once more, so that they need no older segment */
  #begin(repeated: readonly SessionLog[]): void {
    const { number, segment } = this.#files.create();
    try {
      segment.append(JSON.stringify({ format: FORMAT, boot: this.#boot } satisfies Header));
      for (const log of repeated) segment.append(log.moveOpen(number).map((entry) => entryLine(log.session, entry)).join(''));
    } catch (error) {
      segment.abandon();
      throw error;
    }
    this.#segment = segment;
    this.#number = number;
    this.#repeatedBytes = segment.bytes;
    this.#removeOld();
  }

  #renew(): void {
    if (this.#segment === undefined) return this.#retry();
    if (this.#segment.bytes === this.#repeatedBytes) return this.#removeOld();
    this.#segment.abandon();
    this.#segment = undefined;
    const { maxSegments = DEFAULT_MAX_SEGMENTS } = this.#options;
    this.#begin(this.#files.list().length < maxSegments ? [] : this.#memory.openLogs());
  }

  /** Older ones go first, and none before another that stays. */
  #removeOld(): void {
    const { retainMs, wallTime = Date.now } = this.#options;
    const [openSince, now] = [this.#memory.openSince(), wallTime()];
    const old = this.#files.list().slice(0, -1);
    const isNeeded = (number: number, index: number): boolean => {
      return number >= openSince || (index >= old.length - KEPT_SEGMENTS && this.#files.ageMs(number, now) <= retainMs);
    };
    const firstNeeded = old.findIndex(isNeeded);
    this.#files.remove(firstNeeded === -1 ? old : old.slice(0, firstNeeded));
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The files are behind now: a process that found them would give numbers that clients have seen. So they go. */
  #fail(error: unknown): void {
    if (this.#retryAtMs === undefined) this.#options.onFailure(error);
    this.#retryAtMs = performance.now() + RETRY_MS;
    const segment = this.#segment;
    this.#segment = undefined;
    try {
      segment?.abandon();
      this.#files.remove(this.#files.list());
    } catch (alsoFailed) {
      this.#options.onFailure(alsoFailed);
    }
  }

  #load(): void {
    const numbers = this.#files.list();
    const reason = this.#loadSegments(numbers);
    if (reason === undefined) return;
    this.#options.onDiscarded(reason);
    this.#memory.clear();
    this.#files.remove(numbers);
  }

  /** Why what was found cannot be used; undefined when it can. */
  #loadSegments(numbers: readonly number[]): string | undefined {
    for (const [index, number] of numbers.entries()) {
      if (number !== (numbers[0] ?? 0) + index) return `segment ${number - 1} is missing`;
      const { batches, isWhole } = readSegment(this.#files.path(number));
      const [header, ...rest] = batches;
      if (!isWhole) return `segment ${number} does not end as it was written`;
      if (header === undefined) continue; // its process was killed before it was begun
      const refusal = this.#refusalOf(header);
      if (refusal !== undefined) return `segment ${number}: ${refusal}`;
      for (const batch of rest) for (const line of batch.split('\n')) if (line !== '') this.#take(parseLine(line), number);
    }
    return undefined;
  }

  #refusalOf(json: string): string | undefined {
    const { format, boot } = JSON.parse(json) as Header;
    if (format !== FORMAT) return `expected format ${FORMAT}, got ${format}`;
    return boot === this.#boot ? undefined : 'the machine has been started since';
  }

  #take(line: Line, number: number): void {
    const { session } = line.kind === 'frame' ? line.record : line;
    if (line.kind === 'forgotten') return this.#memory.forget(session);
    const from = line.kind === 'frame' ? line.record.seq : line.run.from;
    const known = this.#memory.lastSeq(session);
    // A segment repeats what has not ended, which those before it have told.
    if (from <= known) return;
    // The memory had no room for the session, whose numbers were then begun anew.
    if (from !== known + 1) this.#memory.forget(session);
    if (line.kind === 'frame') this.#memory.append(line.record, number);
    else this.#memory.appendRun(session, line.run);
  }
}
