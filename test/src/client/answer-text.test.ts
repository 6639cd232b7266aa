import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TextEvent } from '#src/client/answer-text.ts';
import { AnswerText } from '#src/client/answer-text.ts';

/** What a reader has who follows the events. */
function read(events: readonly (TextEvent | undefined)[]): string {
  return events.reduce((text, event) => (event === undefined ? text : event.type === 'delta' ? text + event.text : event.text), '');
}

describe('the text of an answer', () => {
  test('is given once, however often the service begins it anew', () => {
    const starts = fc.array(fc.tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 })), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 30 }), starts, (whole, runs) => {
        const text = new AnswerText();
        const events: (TextEvent | undefined)[] = [];
        for (const [start, length] of runs) {
          events.push(text.restart(whole.slice(0, start)));
          for (const unit of whole.slice(start, start + length).split('')) events.push(text.append(unit));
        }
        events.push(text.finish(whole));
        expect(read(events)).toBe(whole);
        expect(events.filter((event) => event?.type === 'reset')).toEqual([]);
      }),
    );
  });

  test('that becomes another one is told as such, at the first character that differs', () => {
    const text = new AnswerText();
    text.append('A supervisor');
    expect(text.restart('')).toBeUndefined();
    expect(text.append('A ')).toBeUndefined();
    expect(text.append('tree')).toEqual({ type: 'reset', text: 'A tree' });
    expect(text.append(' grows')).toEqual({ type: 'delta', text: ' grows' });
    expect(text.finish('A tree grows')).toBeUndefined();
  });

  test('that ends shorter than it was given is told as such', () => {
    const text = new AnswerText();
    text.append('one two');
    text.restart('');
    expect(text.finish('one')).toEqual({ type: 'reset', text: 'one' });
  });
});
