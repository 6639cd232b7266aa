/**
 * Named collections of files: the name goes into the documents' metadata, the patterns are taken where the command names
 * none. A source that has no files of its own yet falls back to those of `docs`.
 */
export const SOURCES: Readonly<Record<string, readonly string[]>> = {
  docs: ['docs/**/*.md'],
  'elixir-lang': ['docs/**/*.md'],
};

export const DEFAULT_SOURCE = 'docs';
