import { styleText } from 'node:util';
import type { Environment } from '#config/schema.ts';

/** An output of the process: a terminal, a file or a pipe. */
export interface Terminal {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
  /** Of the window; 80 where that is not known. */
  readonly columns: number;
  /** Of the window; 24 where that is not known, infinite where there is no window. */
  readonly rows: number;
  write(text: string): void;
  /** Writes a line. */
  say(line: string): void;
}

export type Style = Extract<Parameters<typeof styleText>[0], string>;

export type OutputStream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'rows' | 'write'>;

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/**
 * Colours are for terminals, and not for those who set NO_COLOR (no-color.org) or TERM=dumb. A terminal without a size,
 * such as one that a program pretends to be, says 0.
 */
export function terminalOf(stream: OutputStream, env: Environment): Terminal {
  const isTerminal = stream.isTTY === true;
  const refusesColor = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return {
    isTerminal,
    hasColor: isTerminal && !refusesColor,
    get columns() {
      return stream.columns || DEFAULT_COLUMNS;
    },
    get rows() {
      return isTerminal ? stream.rows || DEFAULT_ROWS : Number.POSITIVE_INFINITY;
    },
    write: (text) => void stream.write(text),
    say: (line) => void stream.write(`${line}\n`),
  };
}

/** `text` in a colour where there are colours. */
export function paint(text: string, style: Style, hasColor: boolean): string {
  return hasColor ? styleText(style, text, { validateStream: false }) : text;
}

/** All but tab and line feed. */
const CONTROL = /[^\P{Cc}\t\n]/gu;

/** Text of a document without the characters that could drive the terminal. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, '');
}

/** Cuts a line without escape sequences to a width, with an ellipsis where something is lost. */
export function fit(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1)).toWellFormed()}…`;
}

/** 9950 as `9 950`, with a space that does not break: for eyes, not for programs. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, '\u00a0');
}

/** 1 document, 2 documents. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
