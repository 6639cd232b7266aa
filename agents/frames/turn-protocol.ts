import type { LoggedFrame } from '#src/ports/frame.ts';
import type { OpenTurn } from './frame-log.ts';

/** A turn between its `accepted` and its end: which frames it has had. */
export class TurnProtocol implements OpenTurn {
  readonly turn: string;
  readonly acceptedSeq: number;
  hasSources = false;
  hasStarted = false;
  #deltas: string[] = [];

  constructor(turn: string, acceptedSeq: number) {
    this.turn = turn;
    this.acceptedSeq = acceptedSeq;
  }

  get text(): string {
    if (this.#deltas.length > 1) this.#deltas = [this.#deltas.join('')];
    return this.#deltas[0] ?? '';
  }

  /** Takes the next frame; false when it is out of order: sources, answer-start, deltas, one end. */
  take(frame: LoggedFrame): boolean {
    switch (frame.type) {
      case 'accepted':
        return false;
      case 'sources':
        if (this.hasSources || this.hasStarted) return false;
        return (this.hasSources = true);
      case 'answer-start':
        if (this.hasStarted) return false;
        return (this.hasStarted = true);
      case 'answer-delta':
        if (this.hasStarted) this.#deltas.push(frame.text);
        return this.hasStarted;
      default:
        return true;
    }
  }
}

export function isEnd(type: string): boolean {
  return type === 'answer-end' || type === 'answer-error';
}
