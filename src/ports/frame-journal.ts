/** One logged frame, or several deltas of one turn in a row, as they are sent. */
export interface FrameRecord {
  readonly session: string;
  readonly seq: number;
  readonly type: string;
  readonly turn: string;
  readonly json: string;
  /** The text of an `answer-delta`; undefined for all others. */
  readonly text: string | undefined;
  /** The first number that it stands for, where it stands for several: `seq` is then the last. */
  readonly from?: number;
}

/** Where the frame log is kept: below the process that numbers the frames, so that it outlives that process. */
export interface FrameJournal {
  /** Takes the next frame of its session: from now on a reader of this process finds it. */
  append(record: FrameRecord): void;
  /** Writes what was appended, as safely as this journal can. Only then may it be sent. */
  flush(): void;
  /** What is still kept of a session and comes after this number, oldest first, without a gap in it. */
  read(session: string, after: number): readonly FrameRecord[];
  /** The deltas of a turn that has not ended, joined. */
  textOf(session: string, turn: string): string;
  /** Those with a turn that has not ended. */
  openSessions(): readonly string[];
  /** The last number given in this session; 0 when none is known. */
  lastSeq(session: string): number;
  forget(session: string): void;
  /** Nothing is appended any more. */
  close(): void;
}
