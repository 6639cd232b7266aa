import type { Terminal } from '../terminal.ts';
import { paint } from '../terminal.ts';

/** One thing that the doctor looked at. */
export interface Finding {
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was looked at, in a word or two. */
  readonly subject: string;
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string;
}

const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** One line for each finding. */
export function renderFindings(findings: readonly Finding[], { hasColor }: Pick<Terminal, 'hasColor'>): string[] {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  return findings.map(({ status, subject, message, advice }) => {
    const line = `${paint(status.padEnd(4), STYLES[status], hasColor)}  ${subject.padEnd(width)}  ${message.replaceAll('\n', '; ')}`;
    return advice === undefined ? line : `${line}; ${advice}`;
  });
}
