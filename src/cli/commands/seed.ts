import { closest } from '#config/edit-distance.ts';
import { didYouMean } from '../arguments.ts';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT, URL_OPTION } from '../command.ts';
import { UsageError } from '../failure.ts';
import { interruption } from '../interruption.ts';
import type { FileFailure } from '../seed/find-files.ts';
import { findFiles } from '../seed/find-files.ts';
import { createProgress } from '../seed/progress.ts';
import type { SeedResult } from '../seed/seed-files.ts';
import { seedFiles } from '../seed/seed-files.ts';
import { DEFAULT_SOURCE, SOURCES } from '../seed/sources.ts';
import { request } from '../service-client.ts';
import { readSettings, serviceUrl } from '../service-url.ts';
import { counted, paint, printable } from '../terminal.ts';

/** How long a service that went away in the middle is waited for. */
const GIVE_UP_AFTER_MS = 30_000;

/** `banyan seed`: files become documents, their relative paths the ids. */
export const seedCommand: Command = {
  usage: "seed '<glob>'… [options]",
  doc: [
    'Puts the files that match into the service. Quote the patterns, so that the shell leaves them alone.',
    'A document is known by its relative path; one that has not changed is passed over.',
    'Exits with 1, and names the files, when any did not go in; the others are in.',
  ].join('\n'),
  options: {
    source: { value: 'NAME', doc: `goes into the metadata: ${Object.keys(SOURCES).join(', ')}; without a pattern, its own files` },
    ...URL_OPTION,
  },
  takesPositionals: true,
  run: seed,
};

async function seed({ positionals, texts }: Arguments, context: Context): Promise<number> {
  const source = sourceOf(texts['source']);
  const patterns = patternsOf(positionals, texts['source']);
  const [service, settings] = [await serviceUrl(texts['url'], context.env), await readSettings(context.env)];
  const found = await findFiles(patterns, context.cwd);
  if (found.paths.length === 0) return reportFailures(context, found.failures);
  const signal = interruption();
  await request(service, 'livez', { signal });
  const startedAt = performance.now();
  context.stdout.say(`Found ${counted(found.paths.length, 'document')}`);
  const progress = createProgress(context.stdout, found.paths.length);
  const result = await seedFiles(found.paths, {
    read: { cwd: context.cwd, source, maxBytes: settings.maxDocumentBytes },
    send: { service, signal, giveUpAfterMs: GIVE_UP_AFTER_MS, onRetry: ({ message }) => progress.trouble(`${message} Trying again.`) },
    onSettled: (count) => progress.advance(count),
  });
  progress.end();
  const failures = [...found.failures, ...result.failures];
  context.stdout.say(summary(result, failures.length, performance.now() - startedAt));
  return report(context, { ...result, failures }, signal);
}

function report(context: Context, { failures, unsent, stoppedBy }: SeedResult, signal: AbortSignal): number {
  const why = stoppedBy ?? 'interrupted';
  const exitCode = reportFailures(context, [...failures, ...unsent.map((path) => ({ path, reason: `did not go in: ${why}` }))]);
  if (!signal.aborted) return exitCode;
  context.stderr.say('Interrupted: a batch that the service has taken will still be finished by it.');
  return EXIT.interrupted;
}

/** Names what did not go in. */
function reportFailures({ stderr }: Context, failures: readonly FileFailure[]): number {
  for (const { path, reason } of failures) stderr.say(paint(`${printable(path)}: ${printable(reason)}`, 'red', stderr.hasColor));
  return failures.length === 0 ? EXIT.ok : EXIT.failed;
}

/** The last line: what is in, and what is not. */
export function summary({ indexed, unchanged, chunks, unsent }: SeedResult, failed: number, elapsedMs: number): string {
  const counts = [
    `${counted(indexed, 'document')} indexed (${counted(chunks, 'chunk')})`,
    `${unchanged} unchanged`,
    `${failed} failed`,
    ...(unsent.length === 0 ? [] : [`${unsent.length} not sent`]),
  ];
  return `${counts.join(', ')} in ${(elapsedMs / 1000).toFixed(1)} s`;
}

function sourceOf(name: string = DEFAULT_SOURCE): string {
  const known = Object.keys(SOURCES);
  if (known.includes(name)) return name;
  throw new UsageError(`unknown source ${name}${didYouMean(closest(name, known))}; known sources: ${known.join(', ')}`);
}

function patternsOf(positionals: readonly string[], source: string | undefined): readonly string[] {
  if (positionals.length > 0) return positionals;
  const patterns = source === undefined ? undefined : SOURCES[source];
  if (patterns === undefined) throw new UsageError("banyan seed needs files: banyan seed 'docs/**/*.md'");
  return patterns;
}
