import type { LoggedFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { WrittenRun } from './delta-run.ts';
import { DeltaRun } from './delta-run.ts';

/** What one line of the log says. */
export type Line =
  | { readonly kind: 'frame'; readonly record: FrameRecord }
  | { readonly kind: 'run'; readonly session: string; readonly run: WrittenRun }
  | { readonly kind: 'forgotten'; readonly session: string };

const [FRAME, RUN, FORGOTTEN] = ['f', 'r', 'x'];

/** A frame as it was sent, behind its session. */
export function frameLine({ session, json }: FrameRecord): string {
  return `${FRAME}${session} ${json}\n`;
}

export function forgottenLine(session: string): string {
  return `${FORGOTTEN}${session} \n`;
}

export function entryLine(session: string, entry: FrameRecord | DeltaRun): string {
  return entry instanceof DeltaRun ? `${RUN}${session} ${JSON.stringify(entry.written())}\n` : frameLine(entry);
}

/** Throws SyntaxError for what is no line of a log. */
export function parseLine(line: string): Line {
  const space = line.indexOf(' ');
  const [kind, session, json] = [line[0], line.slice(1, space), line.slice(space + 1)];
  switch (kind) {
    case FRAME: {
      const frame = JSON.parse(json) as LoggedFrame & { readonly seq: number };
      const { type, turn, seq } = frame;
      return { kind: 'frame', record: { session, seq, type, turn, json, text: type === 'answer-delta' ? frame.text : undefined } };
    }
    case RUN:
      return { kind: 'run', session, run: JSON.parse(json) as WrittenRun };
    case FORGOTTEN:
      return { kind: 'forgotten', session };
    default:
      throw new SyntaxError(`a line of the frame log begins with ${kind}`);
  }
}
