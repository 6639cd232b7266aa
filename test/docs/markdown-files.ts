import { globSync, readFileSync } from 'node:fs';

export interface MarkdownFile {
  readonly path: string;
  readonly text: string;
}

/** Everything that is written for readers. */
export const MARKDOWN_FILES: readonly MarkdownFile[] = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md').sort()].map((path) => ({
  path,
  text: readFileSync(path, 'utf8'),
}));

export function markdownFile(path: string): string {
  const file = MARKDOWN_FILES.find((each) => each.path === path);
  if (file === undefined) throw new TypeError(`${path} is no document`);
  return file.text;
}

export function withoutCode(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The contents of all fenced blocks of a language. */
export function codeBlocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code.trim());
}

/** The text between `## heading` and the next heading of that level. */
export function section(text: string, heading: string): string {
  const [, rest] = text.split(`\n## ${heading}\n`);
  if (rest === undefined) throw new TypeError(`there is no section ${heading}`);
  return rest.split('\n## ')[0] ?? '';
}

/** What stands as code in the first cell of a table's rows. */
export function firstCells(text: string): readonly string[] {
  return [...text.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code));
}
