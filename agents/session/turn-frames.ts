import type { Answer } from '#agents/query/query.agent.ts';
import { frameLog, whenFrameLog } from '#agents/frames/frames.agent.ts';
import type { ErrorBody } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { Source } from '#src/ports/answer.ts';
import type { LoggedFrame, Stage } from '#src/ports/frame.ts';
import type { NewTurn, TurnOutcome } from '#src/ports/store.ts';
import type { Kernel } from '#supervisors/kernel/kernel.ts';

/** What was sent of an answer that has not ended. */
export interface Sent {
  readonly text: string;
  /** Undefined when no evidence was sent. */
  readonly sources: readonly Source[] | undefined;
}

/** The frames of one session's turns, beside those that its queries write. Whatever waits for the log rejects with ACTOR_DOWN. */
export class TurnFrames {
  readonly #kernel: Kernel;
  readonly #session: string;

  constructor(kernel: Kernel, session: string) {
    this.#kernel = kernel;
    this.#session = session;
  }

  hasListeners(): boolean {
    return frameLog(this.#kernel)?.hasListeners(this.#session) ?? true;
  }

  show(turn: string, stage: Stage): void {
    frameLog(this.#kernel)?.publish(this.#session, { type: 'status', turn, stage });
  }

  /** A log that knows the turn already, because only the session died, does not take it again. */
  async accepted({ id, askId, question }: NewTurn): Promise<void> {
    await this.#append({ type: 'accepted', id: askId, turn: id, question });
  }

  /**
   * What was sent is looked up at the last moment: a session that died while it opened the turn may just have sent the
   * same. Throws TURN_INTERRUPTED when the answer begins otherwise.
   */
  async cached(turn: string, { answer, sources }: Answer): Promise<void> {
    const log = await whenFrameLog(this.#kernel);
    const sent = log.sentText(this.#session, turn);
    if (!answer.startsWith(sent)) throw new ServiceError('TURN_INTERRUPTED', 'the answer begins otherwise than what was sent');
    log.publish(this.#session, { type: 'status', turn, stage: 'cached' });
    log.append(this.#session, { type: 'sources', turn, sources });
    log.append(this.#session, { type: 'answer-start', turn });
    if (answer.length > sent.length) log.append(this.#session, { type: 'answer-delta', turn, text: answer.slice(sent.length) });
  }

  async ended(turn: string, outcome: TurnOutcome): Promise<void> {
    if (outcome.state === 'answered') await this.#append({ type: 'answer-end', turn, ...outcome.end });
    else await this.#append({ type: 'answer-error', turn, error: outcome.error });
  }

  /** Turns that the log knows no end of. */
  async open(): Promise<readonly string[]> {
    const log = await whenFrameLog(this.#kernel);
    return log.openTurns(this.#session);
  }

  async sent(turn: string): Promise<Sent> {
    const log = await whenFrameLog(this.#kernel);
    return { text: log.sentText(this.#session, turn), sources: log.sentSources(this.#session, turn) };
  }

  /** The error that a turn without an end in the store was told: the store could not write it. */
  async toldError(turn: string): Promise<ErrorBody | undefined> {
    const log = await whenFrameLog(this.#kernel);
    return log.sentError(this.#session, turn);
  }

  /** For who cannot wait: the text as far as the log has it now. */
  textNow(turn: string): string {
    return frameLog(this.#kernel)?.sentText(this.#session, turn) ?? '';
  }

  async #append(frame: LoggedFrame): Promise<void> {
    const log = await whenFrameLog(this.#kernel);
    log.append(this.#session, frame);
  }
}
