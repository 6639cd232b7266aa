/** One logged frame as it is kept. */
export interface FrameRecord {
  readonly session: string;
  readonly seq: number;
  readonly type: string;
  readonly turn: string;
  readonly json: string;
}

/** Where the frame log is kept: below the process that numbers the frames, so that it outlives that process. */
export interface FrameJournal {
  /** Takes the next frame of its session: from now on a reader of this process finds it. */
  append(record: FrameRecord): void;
  /** Writes what was appended, as safely as this journal can. Only then may it be sent. */
  flush(): void;
  /** What is still kept of a session, oldest first. */
  read(session: string): readonly FrameRecord[];
  /** The last number given in this session; 0 when none is known. */
  lastSeq(session: string): number;
  forget(session: string): void;
}
