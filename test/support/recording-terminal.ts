import type { Terminal } from '#src/cli/terminal.ts';

export interface RecordingTerminal extends Terminal {
  /** Everything that was written. */
  text(): string;
  /** What a person would see, for the few escape sequences that the command line uses. */
  screen(): string[];
}

const SEQUENCE = /\p{Cc}\[(?<count>\d*)(?<kind>[AJK])|\r|\n|\P{Cc}+/gu;

/** A terminal without colours, of 80 columns and 24 rows, that keeps what is written to it. */
export function recordingTerminal({ isTerminal }: { readonly isTerminal: boolean }): RecordingTerminal {
  let written = '';
  return {
    isTerminal,
    hasColor: false,
    columns: 80,
    rows: 24,
    write: (text) => void (written += text),
    say: (line) => void (written += `${line}\n`),
    text: () => written,
    screen: () => play(written),
  };
}

/** Draws lines that fit the width; a cursor behind the first column only ever appends. */
function play(written: string): string[] {
  const lines = [''];
  let row = 0;
  for (const { 0: part, groups } of written.matchAll(SEQUENCE)) {
    if (part === '\n') row += 1;
    else if (groups?.['kind'] === 'A') row -= Number(groups['count'] || '1');
    else if (groups?.['kind'] === 'J') lines.splice(row, lines.length, '');
    else if (groups?.['kind'] === 'K') lines[row] = '';
    else if (part !== '\r') lines[row] = (lines[row] ?? '') + part;
  }
  while (lines.at(-1) === '') lines.pop();
  return Array.from(lines, (line) => line ?? '');
}
