import { describe, expect, test } from 'vitest';
import { parseArguments, wholeNumber } from '#src/cli/arguments.ts';
import { UsageError } from '#src/cli/failure.ts';

const shape = { options: { url: { value: 'URL', doc: '' }, json: { doc: '' } }, takesPositionals: true };

describe('parseArguments', () => {
  test('sorts words, texts and flags', () => {
    const { positionals, texts, flags } = parseArguments('ask', ['What', '--url=http://x', '--json', 'is it?'], shape);
    expect({ positionals, texts, flags: [...flags] }).toEqual({ positionals: ['What', 'is it?'], texts: { url: 'http://x' }, flags: ['json'] });
  });

  test('what stands behind -- is words', () => {
    expect(parseArguments('ask', ['--', '--json', '-5?'], shape).positionals).toEqual(['--json', '-5?']);
  });

  test('knows the help by its letter', () => {
    expect(parseArguments('ask', ['-h'], shape).flags.has('help')).toBe(true);
  });

  test('the value of an option is never another option', () => {
    expect(() => parseArguments('ask', ['--url', '--json'], shape)).toThrow('--url needs a value: --url URL');
  });

  test('names of every object are no options', () => {
    expect(() => parseArguments('ask', ['--constructor'], shape)).toThrow(UsageError);
    expect(() => parseArguments('ask', ['--__proto__'], shape)).toThrow(UsageError);
  });
});

describe('wholeNumber', () => {
  test.for(['0', '51', '-1', '5.5', '1e1', '', '1000000000', 'five'])('%j is refused', (text) => {
    expect(() => wholeNumber('top-k', text, { min: 1, max: 50 })).toThrow(UsageError);
  });

  test('takes its bounds', () => {
    expect([wholeNumber('n', '1', { min: 1, max: 50 }), wholeNumber('n', '50', { min: 1, max: 50 })]).toEqual([1, 50]);
  });
});
