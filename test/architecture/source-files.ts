import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

export interface Import {
  /** The importing file, from the repository's root. */
  readonly from: string;
  /** As it is written. */
  readonly specifier: string;
  /** The imported file from the repository's root, or the specifier of a package. */
  readonly to: string;
  readonly isOurs: boolean;
  /** Gone when the types are stripped. */
  readonly isTypeOnly: boolean;
  /** Loaded by `import()` when it is needed. */
  readonly isLazy: boolean;
}

const STATIC_IMPORT = /^(?:import|export)\s(?:[^'";]*?\sfrom\s*)?'([^']+)'/gm;
const LAZY_IMPORT = /\bimport\('([^']+)'\)/g;

/** Our TypeScript that runs in production, as paths from the root. Pages are no part of it: they run in browsers. */
export function sourceFiles(): string[] {
  return globSync(['src/**/*.ts', 'agents/**/*.ts', 'supervisors/**/*.ts', 'config/**/*.ts'])
    .filter((path) => !path.startsWith('src/web/'))
    .toSorted();
}

export function readSource(path: string): string {
  return readFileSync(path, 'utf8');
}

export function allImports(): Import[] {
  return sourceFiles().flatMap((path) => importsOf(path, readSource(path)));
}

/** Every import of a source text, those of types included. */
export function importsOf(path: string, source: string): Import[] {
  const values = new Set(specifiers(stripTypeScriptTypes(source), STATIC_IMPORT));
  return [
    ...specifiers(source, STATIC_IMPORT).map((name) => toImport(path, name, { isTypeOnly: !values.has(name), isLazy: false })),
    ...specifiers(source, LAZY_IMPORT).map((name) => toImport(path, name, { isTypeOnly: false, isLazy: true })),
  ];
}

function specifiers(source: string, pattern: RegExp): string[] {
  return [...source.matchAll(pattern)].flatMap(([, specifier]) => specifier ?? []);
}

function toImport(from: string, specifier: string, kind: Pick<Import, 'isTypeOnly' | 'isLazy'>): Import {
  const isOurs = specifier.startsWith('#') || specifier.startsWith('.');
  const to = specifier.startsWith('.') ? join(dirname(from), specifier) : specifier.replace(/^#/, '');
  return { from, specifier, to, isOurs, ...kind };
}
