import { describe, expect, test } from 'vitest';
import { counted, fit, grouped, paint, printable, terminalOf } from '#src/cli/terminal.ts';

const window = { isTTY: true, columns: 120, rows: 50, write: () => true };

describe('terminalOf', () => {
  test('a terminal has the size of its window, also after a change', () => {
    const stream = { ...window };
    const terminal = terminalOf(stream, {});
    stream.columns = 60;
    expect(terminal).toMatchObject({ isTerminal: true, hasColor: true, columns: 60, rows: 50 });
  });

  test('a terminal that does not know its size has a usual one', () => {
    expect(terminalOf({ ...window, columns: 0, rows: 0 }, {})).toMatchObject({ columns: 80, rows: 24 });
  });

  test('a pipe has no colours and no last row', () => {
    expect(terminalOf({ ...window, isTTY: false, columns: 0, rows: 0 }, {})).toMatchObject({ isTerminal: false, hasColor: false, columns: 80, rows: Number.POSITIVE_INFINITY });
  });

  test.for([
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, true],
    [{ TERM: 'dumb' }, false],
  ] as const)('with %j colours are %s', ([env, hasColor]) => {
    expect(terminalOf(window, env).hasColor).toBe(hasColor);
  });
});

describe('text', () => {
  test('is painted only where there are colours', () => {
    expect([paint('a', 'red', false), paint('a', 'red', true)]).toEqual(['a', '\u001b[31ma\u001b[39m']);
  });

  test('loses what could drive a terminal, and nothing else', () => {
    expect(printable('a\u001b[2J\r\u0007\u009bb\tc\nd é 漢')).toBe('a[2Jb\tc\nd é 漢');
  });

  test('is cut to a width with an ellipsis', () => {
    expect([fit('banyan', 6), fit('banyan', 5), fit('banyan', 1), fit('ab👍', 4), fit('ab👍c', 4)]).toEqual(['banyan', 'bany…', '…', 'ab👍', 'ab\ufffd…']);
  });

  test('counts', () => {
    expect([grouped(999), grouped(9950), grouped(1_234_567)]).toEqual(['999', '9\u00a0950', '1\u00a0234\u00a0567']);
    expect([counted(1, 'process', 'processes'), counted(2, 'process', 'processes'), counted(0, 'line')]).toEqual(['1 process', '2 processes', '0 lines']);
  });
});
