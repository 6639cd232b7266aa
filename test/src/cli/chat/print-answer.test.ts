import { describe, expect, test } from 'vitest';
import type { TurnEnd } from '#src/cli/chat/turn.ts';
import { answerPrinter, redraw } from '#src/cli/chat/print-answer.ts';
import { recordingTerminal } from '../../../support/recording-terminal.ts';

const END: TurnEnd = {
  turn: 't',
  answer: 'Trees grow. They fall.',
  citations: [{ source_id: 's1', start: 0, end: 11 }],
  sources: [{ id: 's1', document_id: 'trees.md', title: 'Trees', uri: null, text: 'Trees grow.', score: 1, metadata: {} }],
  cache_hit: false,
  latency_ms: 1,
  degraded: [],
  finish: 'stop',
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  model: 'm',
};

describe('answerPrinter', () => {
  test('in a pipe the answer stands as it was streamed, its sources below', () => {
    const output = recordingTerminal({ isTerminal: false });
    const printer = answerPrinter(output);
    printer.stage('generating');
    printer.text('Trees grow.');
    expect(output.text()).toBe('Trees grow.');
    printer.text(' They fall.');
    printer.end(END);
    expect(output.text()).toBe('Trees grow. They fall.\n\n[1] trees.md · Trees\n');
  });

  test('on a terminal the marks stand behind what they cite', () => {
    const output = recordingTerminal({ isTerminal: true });
    const printer = answerPrinter(output);
    printer.stage('retrieving');
    printer.text(END.answer);
    printer.end(END);
    expect(output.screen()).toEqual(['Trees grow. [1] They fall.', '', '[1] trees.md · Trees']);
  });

  test('a document drives no terminal, and reaches a pipe as it is', () => {
    for (const isTerminal of [true, false]) {
      const output = recordingTerminal({ isTerminal });
      answerPrinter(output).text('a\u001b[2Jb');
      expect(output.text()).toBe(isTerminal ? 'a[2Jb' : 'a\u001b[2Jb');
    }
  });

  test('an answer that breaks off leaves its line', () => {
    const output = recordingTerminal({ isTerminal: false });
    const printer = answerPrinter(output);
    printer.text('Trees');
    printer.breakOff();
    expect(output.text()).toBe('Trees\n');
  });
});

describe('redraw', () => {
  test('is left where the beginning may have left the screen', () => {
    const text = 'line\n'.repeat(9);
    expect(redraw(text, 'new', { columns: 80, rows: 10 })).toBe('');
    expect(redraw(text, 'new', { columns: 80, rows: 11 })).toBe('\r\u001b[9A\u001b[Jnew');
  });
});
