import type { BenchArguments } from './arguments.ts';
import { parseArguments, UsageError } from './arguments.ts';
import type { Benchmark, Measured, Result } from './benchmark.ts';
import { renderTable, toResult } from './benchmark.ts';

/** Wrong arguments, as shells and sysexits.h's readers know it. */
const EXIT_USAGE = 2;

await main().catch(refuse);

/** Exits with 1 when a target is missed. */
async function main(): Promise<void> {
  const options = parseArguments(process.argv.slice(2));
  const { benchmark } = (await import(`./${options.name}/${options.name}.ts`)) as { benchmark: Benchmark };
  const measured = await benchmark.measure(options);
  const result = toResult(options.name, measured, benchmark.targets);
  print(options, measured, result);
  process.exit(result.pass ? 0 : 1);
}

function print({ isJson }: BenchArguments, { notes = [] }: Measured, result: Result): void {
  for (const note of notes) console.log(note);
  console.log(isJson ? JSON.stringify(result) : renderTable(result));
}

function refuse(error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(EXIT_USAGE);
}
