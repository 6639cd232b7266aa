import type { LoggedFrame } from '#src/ports/frame.ts';

/** A turn between its `accepted` and its end: which frames it has had. */
export class TurnProtocol {
  readonly turn: string;
  readonly acceptedSeq: number;
  /** What the JSON of each delta begins with. */
  readonly deltaStart: string;
  hasSources = false;
  hasStarted = false;

  constructor(turn: string, acceptedSeq: number) {
    this.turn = turn;
    this.acceptedSeq = acceptedSeq;
    this.deltaStart = `{"type":"answer-delta","turn":${JSON.stringify(turn)},"text":`;
  }

  /** Takes the next frame; false when it is out of order: sources, answer-start, deltas, one end. */
  take(type: LoggedFrame['type']): boolean {
    switch (type) {
      case 'accepted':
        return false;
      case 'sources':
        if (this.hasSources || this.hasStarted) return false;
        return (this.hasSources = true);
      case 'answer-start':
        if (this.hasStarted) return false;
        return (this.hasStarted = true);
      case 'answer-delta':
        return this.hasStarted;
      default:
        return true;
    }
  }
}

export function isEnd(type: string): boolean {
  return type === 'answer-end' || type === 'answer-error';
}
