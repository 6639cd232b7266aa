import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createProgress, renderProgress } from '#src/cli/seed/progress.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';

const window = { isTerminal: true, hasColor: false, columns: 80 };

describe('renderProgress', () => {
  test('fills the bar by the share that is done', () => {
    const filled = [0, 100, 399, 400].map((done) => renderProgress({ done, total: 400, ...window }).split('━').length - 1);
    expect(filled).toEqual([0, 10, 39, 40]);
  });

  test.for([12, 20, 40, 60, 200])('never fills a line of %i columns', (columns) => {
    for (const done of [0, 9999, 10_000]) {
      expect(renderProgress({ done, total: 10_000, ...window, columns }).length).toBeLessThan(columns);
    }
  });

  test('colours change no character', () => {
    const plain = renderProgress({ done: 3, total: 9, ...window });
    const coloured = renderProgress({ done: 3, total: 9, ...window, hasColor: true });
    expect(coloured).not.toBe(plain);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });

  test('nothing to do is done', () => {
    expect(renderProgress({ done: 0, total: 0, ...window, isTerminal: false })).toBe('0 of 0 documents  100 %');
  });
});

describe('createProgress', () => {
  test('writes plain lines where there is no terminal', () => {
    const output = recordingTerminal({ isTerminal: false });
    const progress = createProgress(output, 4);
    progress.advance(1);
    progress.advance(3);
    progress.end();
    expect(output.text()).toBe('1 of 4 documents  25 %\n4 of 4 documents  100 %\n');
  });

  test('tells one trouble once until it goes on', () => {
    const output = recordingTerminal({ isTerminal: false });
    const progress = createProgress(output, 2);
    for (let attempt = 0; attempt < 5; attempt += 1) progress.trouble('gone');
    progress.advance(1);
    progress.trouble('gone');
    expect(output.text().split('gone').length - 1).toBe(2);
  });

  test('a line of trouble stands above the bar', () => {
    const output = recordingTerminal({ isTerminal: true });
    const progress = createProgress(output, 2);
    progress.trouble('gone');
    expect(output.screen()).toEqual(['gone', expect.stringContaining('0 of 2')]);
  });
});
