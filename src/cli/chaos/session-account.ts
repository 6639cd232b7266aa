import type { LoggedFrame, ServerFrame, SnapshotTurn, SocketFrame } from '#src/client/api.ts';

/** What a client may hold against the service. */
export type Fault = 'lost' | 'repeated' | 'two-ends' | 'wrong-text' | 'out-of-order';

export interface Breach {
  readonly fault: Fault;
  /** How many frames it is about. */
  readonly count: number;
  readonly atMs: number;
  readonly detail: string;
}

export interface TurnAccount {
  readonly turn: string;
  /** The client's own id of the question. */
  readonly id: string;
  text: string;
  ends: number;
  /** When something of it came last. */
  lastMs: number;
}

type EndFrame = Extract<LoggedFrame, { readonly type: 'answer-end' | 'answer-error' }>;

/**
 * What one client has received of its session, over all of its connections, as it came over the wire. A frame is lost
 * when the numbers jump over it, and repeated when the client had its number. A client that is sent a snapshot counts
 * anew from there: what the snapshot shows of a running turn and the deltas behind it have to make its answer.
 */
export class SessionAccount {
  readonly turns = new Map<string, TurnAccount>();
  readonly #onBreach: (breach: Breach) => void;
  /** Questions by id, as often as they were sent: a repetition is answered with the first `accepted`. */
  readonly #asked = new Map<string, number>();
  #session = '';
  /** The last number that came; undefined: whatever comes next is in order. */
  #position: number | undefined;
  #after: number | undefined;
  #isNew = true;
  #isSnapshotDue = false;
  #frames = 0;
  #snapshots = 0;

  constructor(onBreach: (breach: Breach) => void) {
    this.#onBreach = onBreach;
  }

  /** Empty until the service has named it. */
  get session(): string {
    return this.#session;
  }

  get frames(): number {
    return this.#frames;
  }

  get snapshots(): number {
    return this.#snapshots;
  }

  /** A connection is opened: for a new session, or for what comes behind `after`. */
  opening(isNew: boolean, after: number | undefined): void {
    this.#isNew = isNew;
    this.#after = after;
  }

  asking(id: string): void {
    this.#asked.set(id, (this.#asked.get(id) ?? 0) + 1);
  }

  receive(frame: ServerFrame, nowMs: number): void {
    if (frame.type === 'ready') this.#begin(frame);
    else if (frame.type === 'snapshot') this.#showSnapshot(frame.turns, nowMs);
    else if ('seq' in frame) this.#log(frame, nowMs);
  }

  #begin({ session, last_seq: lastSeq, resumed }: Extract<SocketFrame, { readonly type: 'ready' }>): void {
    this.#session = session;
    this.#isSnapshotDue = !this.#isNew && !resumed;
    if (this.#isNew) this.#position = 0;
    else this.#position = resumed ? this.#after : lastSeq;
  }

  /** One that was not due says that the service lost its log, and the numbers with it. */
  #showSnapshot(turns: readonly SnapshotTurn[], nowMs: number): void {
    if (!this.#isSnapshotDue) this.#position = undefined;
    this.#isSnapshotDue = false;
    this.#snapshots += 1;
    for (const { id, turn, text, end } of turns) {
      const account = this.#turn(turn, id);
      account.lastMs = nowMs;
      account.text = text;
      if (end !== undefined) account.ends = Math.max(account.ends, 1);
    }
  }

  #log(frame: LoggedFrame, nowMs: number): void {
    if (frame.type === 'accepted' && this.#isRepetition(frame)) return;
    this.#frames += 1;
    if (this.#isKnown(frame, nowMs)) return;
    this.#take(frame, nowMs);
  }

  #isRepetition({ id, turn, seq }: Extract<LoggedFrame, { readonly type: 'accepted' }>): boolean {
    const sent = this.#asked.get(id) ?? 0;
    if (!this.turns.has(turn) || sent < 2 || this.#position === undefined || seq > this.#position) return false;
    this.#asked.set(id, sent - 1);
    return true;
  }

  #isKnown({ seq, from = seq, type }: LoggedFrame, nowMs: number): boolean {
    const position = this.#position;
    this.#position = Math.max(position ?? 0, seq);
    if (position === undefined || from === position + 1) return false;
    const isRepeated = from <= position;
    const count = isRepeated ? Math.min(seq, position) - from + 1 : from - position - 1;
    this.#breach(isRepeated ? 'repeated' : 'lost', { count, atMs: nowMs, detail: `${type} ${from} to ${seq} came behind ${position}` });
    return isRepeated;
  }

  #take(frame: LoggedFrame, nowMs: number): void {
    if (frame.type === 'accepted') return this.#accept(frame, nowMs);
    const account = this.turns.get(frame.turn);
    const what = `${frame.type} ${frame.seq} of turn ${frame.turn}`;
    if (account === undefined) return this.#breach('out-of-order', { count: 1, atMs: nowMs, detail: `${what} came before its accepted` });
    account.lastMs = nowMs;
    if (frame.type === 'answer-end' || frame.type === 'answer-error') return this.#end(account, frame, nowMs);
    if (account.ends > 0) return this.#breach('out-of-order', { count: 1, atMs: nowMs, detail: `${what} came behind its end` });
    if (frame.type === 'answer-delta') account.text += frame.text;
  }

  /** After the service has lost its log a turn is accepted there anew, and its text begins anew. */
  #accept({ turn, id }: Extract<LoggedFrame, { readonly type: 'accepted' }>, nowMs: number): void {
    const account = this.#turn(turn, id);
    account.lastMs = nowMs;
    account.text = '';
  }

  #end(account: TurnAccount, frame: EndFrame, atMs: number): void {
    account.ends += 1;
    if (account.ends > 1) this.#breach('two-ends', { count: 1, atMs, detail: `${frame.type} ${frame.seq} is end ${account.ends} of turn ${frame.turn}` });
    if (frame.type !== 'answer-end' || frame.answer === account.text) return;
    const detail = `the deltas of turn ${frame.turn} make ${account.text.length} characters, its answer has ${frame.answer.length}`;
    this.#breach('wrong-text', { count: 1, atMs, detail });
  }

  #turn(turn: string, id: string): TurnAccount {
    const account = this.turns.get(turn) ?? { turn, id, text: '', ends: 0, lastMs: 0 };
    this.turns.set(turn, account);
    return account;
  }

  #breach(fault: Fault, { count, atMs, detail }: Omit<Breach, 'fault'>): void {
    this.#onBreach({ fault, count, atMs, detail: `session ${this.#session}: ${detail}` });
  }
}
