import type { FrameLog } from '#agents/frames/frames.agent.ts';
import type { Citation, Source } from '#src/ports/answer.ts';
import type { Stage } from '#src/ports/frame.ts';
import { GrowingText } from '#src/rag/growing-text.ts';
import type { PartialAnswer } from './answer.ts';
import type { Waiter } from './query.events.ts';

interface Passenger extends Waiter {
  hasSources: boolean;
  /** UTF-16 units of the answer that its log holds. */
  sentUnits: number;
  /** Its log begins with another text than this answer. */
  hasDiverged: boolean;
}

/**
 * One answer on its way to all turns that wait for it. Tokens go from here straight to the frame log: they never travel
 * as events of a machine. Who joins late gets the text from the start, then follows live.
 */
export class Flight {
  readonly #frames: () => FrameLog | undefined;
  readonly #firstDeadlineMs: number;
  readonly #passengers = new Map<string, Passenger>();
  readonly citations: Citation[] = [];
  sources: readonly Source[] | undefined;
  readonly #text: GrowingText;
  #lastPiece = '';
  #stage: Stage | undefined;

  /**
   * @param frames the frame log as it is now; undefined while it restarts, then the text follows with the next piece
   * @param sentText what the one passenger has of the answer, which goes on from there
   * @param deadlineMs when who asked first has to have the answer, on the kernel's clock
   */
  constructor(frames: () => FrameLog | undefined, { sentText = '', deadlineMs = 0 }: { readonly sentText?: string; readonly deadlineMs?: number } = {}) {
    this.#frames = frames;
    this.#firstDeadlineMs = deadlineMs;
    this.#text = new GrowingText(sentText);
  }

  /** When, on the kernel's clock, the last of its passengers has to have the answer. */
  get deadlineMs(): number {
    return Math.max(this.#firstDeadlineMs, ...this.#passengers.values().map((passenger) => passenger.deadlineMs));
  }

  /** The answer so far. */
  get text(): string {
    return this.#text.toString();
  }

  get units(): number {
    return this.#text.units;
  }

  get isEmpty(): boolean {
    return this.#passengers.size === 0;
  }

  get waiters(): readonly Waiter[] {
    return [...this.#passengers.values()];
  }

  /** A turn that is here already, because its session died and comes back, goes on where it is: its log is the same. */
  join(waiter: Waiter): void {
    const known = this.#passengers.get(waiter.turn) ?? { hasSources: false, sentUnits: 0, hasDiverged: false };
    const passenger = { ...known, ...waiter };
    this.#passengers.set(waiter.turn, passenger);
    if (this.#stage !== undefined) this.#frames()?.publish(waiter.session, { type: 'status', turn: waiter.turn, stage: this.#stage });
    this.#catchUp(passenger);
  }

  leave(turn: string): PartialAnswer {
    const sentUnits = this.#passengers.get(turn)?.sentUnits ?? 0;
    this.#passengers.delete(turn);
    return { citations: this.citations.filter((citation) => citation.end <= sentUnits), sources: this.sources ?? [] };
  }

  show(stage: Stage): void {
    this.#stage = stage;
    const log = this.#frames();
    for (const { session, turn } of this.#passengers.values()) log?.publish(session, { type: 'status', turn, stage });
  }

  setSources(sources: readonly Source[]): void {
    this.sources = sources;
    this.catchUp();
  }

  addText(piece: string): void {
    this.#text.append(piece);
    this.#lastPiece = piece;
    this.catchUp();
  }

  addCitation(citation: Citation): void {
    this.citations.push(citation);
  }

  /** Brings every log to where the answer is. */
  catchUp(): void {
    for (const passenger of this.#passengers.values()) this.#catchUp(passenger);
  }

  /** Whether the log of this turn holds exactly this answer. */
  isComplete(turn: string): boolean {
    const passenger = this.#passengers.get(turn);
    return passenger !== undefined && !passenger.hasDiverged && passenger.sentUnits === this.#text.units;
  }

  #catchUp(passenger: Passenger): void {
    const log = this.#frames();
    if (log === undefined || this.sources === undefined || passenger.hasDiverged) return;
    if (!passenger.hasSources) this.#begin(passenger, log, this.sources);
    if (this.#text.units <= passenger.sentUnits || !this.#agrees(passenger)) return;
    const { session, turn } = passenger;
    if (passenger.sentUnits === 0) log.append(session, { type: 'answer-start', turn });
    const seq = log.append(session, { type: 'answer-delta', turn, text: this.#textFrom(passenger.sentUnits) });
    if (seq !== undefined) passenger.sentUnits = this.#text.units;
  }

  /** Nearly always the last piece. */
  #textFrom(units: number): string {
    return units === this.#text.units - this.#lastPiece.length ? this.#lastPiece : this.text.slice(units);
  }

  #begin(passenger: Passenger, log: FrameLog, sources: readonly Source[]): void {
    passenger.hasSources = true;
    log.append(passenger.session, { type: 'sources', turn: passenger.turn, sources });
  }

  /** Whether the answer goes on behind what a dead query had sent; false also while it has not come that far again. */
  #agrees(passenger: Passenger): boolean {
    const { sent, sentUnits } = passenger;
    if (sentUnits >= sent.length) return true;
    passenger.hasDiverged = !sent.startsWith(this.text.slice(0, sent.length));
    if (passenger.hasDiverged || this.#text.units < sent.length) return false;
    passenger.sentUnits = sent.length;
    return this.#text.units > sent.length;
  }
}
