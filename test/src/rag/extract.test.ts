import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_EXTRACTION, extract } from '#src/rag/extract.ts';
import { askOf } from '../../support/sources.ts';

function quotesOf(question: string, ...texts: string[]): string[] {
  return extract(askOf(question, ...texts)).quotes.map((quote) => quote.text);
}

const restarts = 'A supervisor restarts a failed child. The kernel counts its restarts. Bread is baked in an oven.';

describe('an extracted answer', () => {
  test('quotes the sentences that answer, with their place', () => {
    const request = askOf('How does a supervisor restart a failed child?', 'Other words.', restarts);
    expect(extract(request).quotes).toEqual([
      { source_id: 's2', text: restarts.slice(0, 69), start: 0, end: 69 },
    ]);
  });

  test('of "What is" is the definition', () => {
    const mention = 'The BEAM files lie in the folder. Run the BEAM with care.';
    expect(quotesOf('What is the BEAM?', mention, 'The BEAM is a virtual machine.')).toEqual(['The BEAM is a virtual machine.']);
  });

  test('takes the sentence before one that leans on it', () => {
    const text = 'The keys intensity and period are optional. If they are missing, the default of 1 and 5 is taken.';
    expect(quotesOf('What are the default values of intensity and period?', text)).toEqual([text]);
  });

  test('takes the list that its sentence introduces', () => {
    const text = 'A supervisor has these restart strategies:\n\n- one_for_one\n- rest_for_one\n\nOther things follow here.';
    expect(quotesOf('Which restart strategies has a supervisor?', text)).toEqual([
      'A supervisor has these restart strategies:\n\n- one_for_one\n- rest_for_one',
    ]);
  });

  test('takes the code that its sentence introduces', () => {
    const text = 'Start the supervisor like this:\n\n```js\nstart();\n```\n\nElse nothing.';
    expect(quotesOf('How do I start the supervisor?', text)).toEqual(['Start the supervisor like this:\n\n```js\nstart();\n```']);
  });

  test('counts the headings above a sentence as its own words', () => {
    const text = '## bodyLimit\n\nThe default is 1048576 bytes in all.\n\n## other\n\nThe default is 5 of them in all.';
    expect(quotesOf('What is the default of bodyLimit?', text)).toEqual(['The default is 1048576 bytes in all.']);
  });

  test('is found in a script without spaces', () => {
    const { quotes } = extract({ ...askOf('监督者如何重启失败的进程？', '缓存保存答案。监督者重启失败的进程。'), language: 'zh' });
    expect(quotes.map((quote) => quote.text)).toContain('监督者重启失败的进程。');
  });

  test('says nothing twice', () => {
    expect(quotesOf('How does a supervisor restart a failed child?', restarts, restarts)).toHaveLength(1);
  });

  test('quotes no question and no heading', () => {
    const text = '# How to restart a failed child\n\nHow to restart a failed child?\n\nThe supervisor restarts the failed child at once.';
    expect(quotesOf('How to restart a failed child?', text)).toEqual(['The supervisor restarts the failed child at once.']);
  });

  test('keeps the order of the text within a source', () => {
    const text = 'Cache entries live one hour. Nothing here. A cache keeps answers of one hour.';
    const { quotes } = extract(askOf('How long do cache entries live?', text));
    expect(quotes.map((quote) => quote.start)).toEqual(quotes.map((quote) => quote.start).sort((a, b) => a - b));
  });
});

describe('the sources do not answer', () => {
  test.each([
    ['no searchable term', '???', [restarts]],
    ['no source', 'How does a supervisor restart a child?', []],
    ['no common word', 'Who wrote the anthem of France?', [restarts]],
    ['too little of the question', 'Which supervisor of the French railway visited Zagreb in winter?', [restarts]],
    ['one of two terms', 'How do I bake supervisors?', ['A supervisor restarts a failed child.']],
    ['an identifier that is nowhere', 'What does `restart_backoff` of a failed child default to?', [restarts]],
    ['only code', 'How does a supervisor restart a child?', ['```\nsupervisor restart child\n```']],
  ])('when there is %s', (_, question, texts) => {
    expect(extract(askOf(question, ...texts)).quotes).toEqual([]);
  });
});

describe('for all sources and questions', () => {
  const words = fc.constantFrom('cache', 'supervisor', 'restart.', 'It', '\n\n', '- ', '```', '# ', '|', '🦆', '\uD83E', 'a:', '?');
  const text = fc.array(words, { maxLength: 40 }).map((list) => list.join(' '));

  test('quotes are slices of their sources, none empty, and within the bounds', () => {
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), (question, texts) => {
        const request = askOf(question, ...texts);
        const { quotes, confidence } = extract(request);
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1.000_001);
        for (const quote of quotes) {
          const source = request.sources.find((each) => each.id === quote.source_id);
          expect(source?.text.slice(quote.start, quote.end)).toBe(quote.text);
          expect(quote.text.trim()).not.toBe('');
        }
      }),
    );
  });

  test('a threshold above every confidence refuses all, one of zero answers what shares a term', () => {
    const request = askOf('supervisor', restarts);
    expect(extract(request, { ...DEFAULT_EXTRACTION, minConfidence: 2 }).quotes).toEqual([]);
    expect(extract(request, { ...DEFAULT_EXTRACTION, minConfidence: 0 }).quotes).not.toEqual([]);
  });

  test('a question of 100 000 words is answered in time', () => {
    const startedAt = performance.now();
    extract(askOf('supervisor restart '.repeat(50_000), restarts));
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
