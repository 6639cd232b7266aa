import { parseArgs } from 'node:util';
import { closest } from '#config/edit-distance.ts';
import type { Arguments, Command } from './command.ts';
import { UsageError } from './failure.ts';

type Shape = Pick<Command, 'options' | 'takesPositionals'>;
type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/**
 * Reads what stands behind the name of a command. Every command knows `--help`. Throws UsageError, naming what was meant
 * where that can be guessed, for an unknown option, a missing or surplus value, and a word where none belongs.
 */
export function parseArguments(name: string, words: readonly string[], { options, takesPositionals }: Shape): Arguments {
  const types = Object.entries(options).map(([option, { value }]) => [option, { type: value === undefined ? 'boolean' : 'string' }] as const);
  const { tokens } = parseArgs({
    args: [...words],
    options: { ...Object.fromEntries(types), help: { type: 'boolean', short: 'h' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const given = tokens.filter((token) => token.kind === 'option');
  for (const token of given) checkOption(name, token, options);
  const [surplus] = positionals;
  if (!takesPositionals && surplus !== undefined) throw new UsageError(`banyan ${name} takes no words, got: ${surplus}`);
  return {
    positionals,
    texts: Object.fromEntries(given.flatMap((token) => (token.value === undefined ? [] : [[token.name, token.value]]))),
    flags: new Set(given.filter((token) => token.value === undefined).map((token) => token.name)),
  };
}

function checkOption(command: string, { name, rawName, value, inlineValue }: OptionToken, options: Command['options']): void {
  if (name !== 'help' && !Object.hasOwn(options, name)) {
    const suggestion = closest(name, [...Object.keys(options), 'help']);
    throw new UsageError(`banyan ${command} has no option ${rawName}${didYouMean(suggestion && `--${suggestion}`)}; see banyan ${command} --help`);
  }
  const placeholder = options[name]?.value;
  if (placeholder === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value, got: ${value}`);
  const isOption = inlineValue === false && value?.startsWith('-') === true;
  if (placeholder !== undefined && (value === undefined || value === '' || isOption)) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${placeholder}`);
  }
}

/** `, did you mean …?` where there is something to suggest. */
export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : `, did you mean ${suggestion}?`;
}

/** The whole number that an option gives. Throws UsageError outside the bounds. */
export function wholeNumber(option: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`expected --${option} to be a whole number from ${min} to ${max}, got: ${text}`);
}
