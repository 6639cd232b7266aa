/** The benchmarks by name, in the order of the README. */
export const BENCHMARKS = ['kernel', 'query', 'stream', 'seed', 'start', 'retrieval', 'providers', 'faults', 'vectors', 'memory', 'chaos', 'sockets', 'accept', 'history', 'replacement', 'soak'] as const;
export type BenchmarkName = (typeof BENCHMARKS)[number];

export interface BenchArguments {
  readonly name: BenchmarkName;
  /** The last line of the output is one JSON object. */
  readonly isJson: boolean;
  /** Below 45 s: less is measured. */
  readonly isQuick: boolean;
}

/** What was typed cannot be run; the message says what can. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const FLAGS = ['--json', '--quick'];
const USAGE = `usage: npm run bench -- <${BENCHMARKS.join('|')}> [--json] [--quick]`;

/** Reads `<name> [--json] [--quick]` in any order. Throws UsageError. */
export function parseArguments(given: readonly string[]): BenchArguments {
  const unknownFlag = given.find((word) => word.startsWith('-') && !FLAGS.includes(word));
  if (unknownFlag !== undefined) throw new UsageError(`unknown option ${unknownFlag}\n${USAGE}`);
  const [name, ...more] = given.filter((word) => !word.startsWith('-'));
  if (name === undefined || more.length > 0) throw new UsageError(`expected one name of a benchmark\n${USAGE}`);
  if (!isBenchmark(name)) throw new UsageError(`unknown benchmark ${name}\n${USAGE}`);
  return { name, isJson: given.includes('--json'), isQuick: given.includes('--quick') };
}

function isBenchmark(name: string): name is BenchmarkName {
  return (BENCHMARKS as readonly string[]).includes(name);
}
