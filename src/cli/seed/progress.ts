import type { Terminal } from '../terminal.ts';
import { counted, fit, paint } from '../terminal.ts';

const MAX_BAR_COLUMNS = 40;
const MIN_BAR_COLUMNS = 10;

/** How far the seeding is: a bar that redraws itself on a terminal, a line for each step elsewhere. */
export interface Progress {
  advance(count: number): void;
  /** Says what holds it up, once until it goes on. */
  trouble(line: string): void;
  /** Leaves the line of the bar. */
  end(): void;
}

export function createProgress(terminal: Terminal, total: number): Progress {
  let done = 0;
  let isTold = false;
  const { isTerminal } = terminal;
  const clear = isTerminal ? '\r\u001b[2K' : '';
  const draw = (): void => terminal.write(`${clear}${renderProgress({ done, total, ...terminal, columns: terminal.columns })}`);
  if (isTerminal) draw();
  return {
    advance: (count) => {
      done += count;
      isTold = false;
      draw();
      if (!isTerminal) terminal.say('');
    },
    trouble: (line) => {
      if (isTold) return;
      isTold = true;
      terminal.say(`${clear}${line}`);
      if (isTerminal) draw();
    },
    end: () => {
      if (isTerminal) terminal.say('');
    },
  };
}

export interface ProgressView {
  readonly done: number;
  readonly total: number;
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  readonly columns: number;
}

/** `━━━━━━────  120 of 406 documents  29 %` on a terminal, without the bar elsewhere or where it does not fit. */
export function renderProgress({ done, total, isTerminal, hasColor, columns }: ProgressView): string {
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
  const text = `${done} of ${counted(total, 'document')}  ${percent} %`;
  const barColumns = Math.min(MAX_BAR_COLUMNS, columns - text.length - 3);
  if (!isTerminal) return text;
  if (barColumns < MIN_BAR_COLUMNS) return fit(text, columns - 1);
  const filled = Math.floor((barColumns * percent) / 100);
  return `${paint('━'.repeat(filled), 'green', hasColor)}${paint('─'.repeat(barColumns - filled), 'dim', hasColor)}  ${text}`;
}
