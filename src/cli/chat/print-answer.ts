import type { Stage } from '#src/ports/frame.ts';
import type { Terminal } from '../terminal.ts';
import { paint, printable } from '../terminal.ts';
import { listReferences, markCitations, numberSources, rowsOf } from './answer-text.ts';
import type { TurnEnd, TurnListener } from './turn.ts';

/** Writes an answer as it comes; at its end the marks of its citations and its sources. */
export interface AnswerPrinter extends TurnListener {
  end(end: TurnEnd): void;
  /** The answer will not end: leaves its line. */
  breakOff(): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/**
 * Citations are known only when the answer ends. On a terminal it is then written again with ` [n]` behind each cited
 * span, as long as all of it is still on the screen; in a file or pipe the text stays as it was streamed.
 */
export function answerPrinter(terminal: Terminal): AnswerPrinter {
  const { isTerminal, hasColor } = terminal;
  let hasStage = false;
  let written = '';
  const clearStage = (): void => {
    if (hasStage) terminal.write(CLEAR_LINE);
    hasStage = false;
  };
  const leaveLine = (): void => {
    clearStage();
    if (written !== '' && !written.endsWith('\n')) terminal.say('');
  };
  return {
    stage: (stage: Stage) => {
      if (!isTerminal || written !== '') return;
      terminal.write(`${CLEAR_LINE}${paint(`${stage} …`, 'dim', hasColor)}`);
      hasStage = true;
    },
    text: (piece) => {
      clearStage();
      const shown = isTerminal ? printable(piece) : piece;
      written += shown;
      terminal.write(shown);
    },
    end: (end) => {
      const { references, numbers } = numberSources(end);
      if (isTerminal) terminal.write(redraw(written, markCitations(end.answer, end.citations, numbers), terminal));
      leaveLine();
      if (references.length > 0) terminal.say(['', ...listReferences(references).map((line) => paint(line, 'dim', hasColor))].join('\n'));
    },
    breakOff: leaveLine,
  };
}

/** What turns the text on the screen into `text`: nothing where its beginning may have left the screen. */
export function redraw(written: string, text: string, { columns, rows }: Pick<Terminal, 'columns' | 'rows'>): string {
  const height = rowsOf(written, columns);
  if (height === undefined || height >= rows || written === '') return '';
  const up = height === 1 ? '' : `\u001b[${height - 1}A`;
  return `\r${up}\u001b[J${printable(text)}`;
}
