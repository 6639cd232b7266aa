import { parseBlocks, plainText } from './markdown.ts';

const MAX_TITLE_LENGTH = 200;

/**
 * The title of a Markdown document: its first `# heading`, else the `title:` of its front matter, else `fallback`
 * (a file name) without `.md`. At most 200 UTF-16 units.
 */
export function titleOf(text: string, fallback: string): string {
  const blocks = parseBlocks(text);
  const heading = blocks.find((block) => block.kind === 'heading' && block.level === 1 && block.title !== '');
  const title = heading?.title ?? frontMatterTitle(text, blocks[0]) ?? fallback.replace(/\.md$/i, '');
  return title.slice(0, MAX_TITLE_LENGTH).toWellFormed().trim();
}

function frontMatterTitle(text: string, first: { kind: string; start: number; end: number } | undefined): string | undefined {
  if (first?.kind !== 'front_matter') return undefined;
  const value = /^title:[ \t]*(\S.*)$/m.exec(text.slice(first.start, first.end))?.[1]?.trim();
  return value === undefined ? undefined : plainText(value.replace(/^(["'])(.*)\1$/, '$2')) || undefined;
}
