import { glob, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';

/** A file, or a pattern, that did not go in, and why. */
export interface FileFailure {
  readonly path: string;
  readonly reason: string;
}

export interface FoundFiles {
  /** Relative to the working directory, with slashes on every system, sorted, each once. They are the documents' ids. */
  readonly paths: readonly string[];
  readonly failures: readonly FileFailure[];
}

interface Match {
  readonly path: string;
  readonly isDirectory: boolean;
}

/**
 * The files that any of the patterns matches. A pattern that is the path of something is that path, whatever its
 * characters. A directory is a failure, except where `*` or `**` stands for any name: there it was not meant.
 */
export async function findFiles(patterns: readonly string[], cwd: string): Promise<FoundFiles> {
  const paths = new Set<string>();
  const failures = new Map<string, string>();
  for (const pattern of patterns) {
    const matches = await match(pattern, cwd);
    const isAnyName = /^\*+$/.test(basename(pattern));
    if (!matches.some(({ isDirectory }) => !(isDirectory && isAnyName))) failures.set(pattern, 'matches no file');
    for (const { path, isDirectory } of matches) {
      if (!isDirectory) paths.add(path);
      else if (!isAnyName) failures.set(path, `is a directory; name its files: '${path}/**/*.md'`);
    }
  }
  return { paths: [...paths].sort(), failures: [...failures].map(([path, reason]) => ({ path, reason })) };
}

async function match(pattern: string, cwd: string): Promise<Match[]> {
  const literal = resolve(cwd, pattern);
  const stats = pattern === '' ? undefined : await stat(literal).catch(() => undefined);
  if (stats !== undefined) return [{ path: idOf(literal, cwd), isDirectory: stats.isDirectory() }];
  const entries = await Array.fromAsync(glob(pattern, { cwd, withFileTypes: true }));
  return entries.map((entry) => ({ path: idOf(join(entry.parentPath, entry.name), cwd), isDirectory: entry.isDirectory() }));
}

function idOf(path: string, cwd: string): string {
  return (relative(cwd, path) || '.').split(sep).join('/');
}
