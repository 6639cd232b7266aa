/** The block structure of a Markdown text, as far as cutting and quoting need it. Follows CommonMark where it goes. */

export type BlockKind = 'heading' | 'fence' | 'code' | 'table' | 'list_item' | 'paragraph' | 'front_matter';

/** `text.slice(start, end)` is the block without the line break that ends it. Every non-blank line is in one block. */
export interface Block {
  readonly kind: BlockKind;
  readonly start: number;
  readonly end: number;
  /** Of a heading: 1 to 6; otherwise 0. */
  readonly level: number;
  /** Of a heading: its words without markup; otherwise empty. */
  readonly title: string;
}

type OpenBlock = { -readonly [Key in keyof Block]: Block[Key] };

interface Line {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Fence {
  readonly mark: string;
  readonly isQuoted: boolean;
}

/** A longer heading is cut: it goes with every chunk below it. In UTF-16 units. */
const MAX_TITLE_LENGTH = 200;

const LINE = /[^\r\n]*(?:\r\n|\n|\r|$)/g;
const CONTAINER = String.raw`[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?`;
const FENCE_OPENING = new RegExp(`^${CONTAINER}(\`{3,}(?=[^\`]*$)|~{3,})`);
const FENCE_CLOSING = /^[ \t]*(`{3,}|~{3,})[ \t]*$/;
const QUOTED_FENCE_CLOSING = /^[ \t>]*(`{3,}|~{3,})[ \t]*$/;
const ATX_HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/s;
const SETEXT_UNDERLINE = /^ {0,3}(=+|-+)[ \t]*$/;
const LIST_MARKER = /^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]/;
const INDENTED = /^(?: {4}|\t)/;
const TABLE_ROW = /^[ \t>]*\|/;
/** The marks without which nothing of a text is markup: most sentences have none. */
const MAY_BE_MARKUP = /[[<{`*_]/;

/** Finds the blocks of `text` in their order, in time linear in its length. */
export function parseBlocks(text: string): Block[] {
  const lines = splitLines(text);
  const blocks: OpenBlock[] = [];
  let index = readFrontMatter(lines, blocks);
  let open: OpenBlock | undefined;
  let isInList = false;
  while (index < lines.length) {
    const line = lines[index] as Line;
    const fence = openingFence(line.text, isInList);
    if (fence !== undefined) {
      index = fenceEnd(lines, index, fence);
      blocks.push(block('fence', line.start, (lines[index] as Line).end));
      open = undefined;
    } else if (line.text.trim() === '') open = undefined;
    else if (!extend(text, open, line)) {
      open = startBlock(line, isInList);
      blocks.push(open);
      isInList = open.kind === 'list_item' || (isInList && /^[ \t]/.test(line.text));
    }
    index += 1;
  }
  return blocks;
}

function block(kind: BlockKind, start: number, end: number): OpenBlock {
  return { kind, start, end, level: 0, title: '' };
}

function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  LINE.lastIndex = 0;
  for (let start = 0; start < text.length; start = LINE.lastIndex) {
    const line = (LINE.exec(text)?.[0] ?? '').replace(/[\r\n]+$/, '');
    lines.push({ text: line, start, end: start + line.length });
  }
  return lines;
}

/** Takes `---` … `---` at the beginning; returns the index of the first line after it. */
function readFrontMatter(lines: readonly Line[], blocks: OpenBlock[]): number {
  if (lines[0]?.text.trimEnd() !== '---') return 0;
  const closing = lines.findIndex((line, index) => index > 0 && /^(?:---|\.\.\.)[ \t]*$/.test(line.text));
  if (closing === -1) return 0;
  blocks.push(block('front_matter', lines[0].start, (lines[closing] as Line).end));
  return closing + 1;
}

function openingFence(line: string, isInList: boolean): Fence | undefined {
  const mark = FENCE_OPENING.exec(line)?.[1];
  if (mark === undefined || (INDENTED.test(line) && !isInList)) return undefined;
  return { mark, isQuoted: /^[ \t]*>/.test(line) };
}

/** The line that closes the fence opened in line `from`; an unclosed one lasts as long as its quote or the text. */
function fenceEnd(lines: readonly Line[], from: number, fence: Fence): number {
  for (let index = from + 1; index < lines.length; index += 1) {
    const line = (lines[index] as Line).text;
    if (fence.isQuoted && !/^[ \t]*>/.test(line)) return index - 1;
    const closing = fence.isQuoted ? QUOTED_FENCE_CLOSING : FENCE_CLOSING;
    if (closing.exec(line)?.[1]?.startsWith(fence.mark) === true) return index;
  }
  return lines.length - 1;
}

/** Adds `line` to the open block when it continues it. */
function extend(text: string, open: OpenBlock | undefined, line: Line): boolean {
  if (open === undefined || open.kind === 'heading' || ATX_HEADING.test(line.text)) return false;
  if (TABLE_ROW.test(line.text) !== (open.kind === 'table') || LIST_MARKER.test(line.text)) return false;
  if (open.kind === 'paragraph') underline(text, open, line);
  open.end = line.end;
  return true;
}

/** A paragraph with a line of `=` or `-` below it is a heading. */
function underline(text: string, open: OpenBlock, line: Line): void {
  const mark = SETEXT_UNDERLINE.exec(line.text)?.[1];
  if (mark === undefined) return;
  open.kind = 'heading';
  open.level = mark.startsWith('=') ? 1 : 2;
  open.title = titleFrom(text.slice(open.start, line.start));
}

function startBlock(line: Line, isInList: boolean): OpenBlock {
  const heading = ATX_HEADING.exec(line.text);
  if (heading !== null) {
    const title = titleFrom(withoutClosingMarks((heading[2] ?? '').trim()));
    return { ...block('heading', line.start, line.end), level: (heading[1] ?? '').length, title };
  }
  if (TABLE_ROW.test(line.text)) return block('table', line.start, line.end);
  if (INDENTED.test(line.text) && !isInList) return block('code', line.start, line.end);
  return block(LIST_MARKER.test(line.text) ? 'list_item' : 'paragraph', line.start, line.end);
}

function titleFrom(markdown: string): string {
  const title = plainText(markdown.slice(0, 4 * MAX_TITLE_LENGTH));
  return title.length <= MAX_TITLE_LENGTH ? title : title.slice(0, MAX_TITLE_LENGTH).toWellFormed().trim();
}

/** `## Title ##` closes with marks that are no part of the title. */
function withoutClosingMarks(title: string): string {
  let end = title.length;
  while (title[end - 1] === '#') end -= 1;
  return end === 0 || /\s/.test(title[end - 1] ?? '') ? title.slice(0, end) : title;
}

/**
 * The words of a piece of Markdown as a reader sees them: link targets, emphasis, code marks, HTML tags and
 * attribute lists are gone, white space is collapsed.
 */
export function plainText(markdown: string): string {
  return (MAY_BE_MARKUP.test(markdown) ? withoutMarkup(markdown) : markdown).replace(/\s+/g, ' ').trim();
}

function withoutMarkup(markdown: string): string {
  return markdown
    .replace(/!?\[([^[\]]*)\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*(?:\s+"[^"]*")?\)|\[[^[\]]*\])/g, '$1')
    .replace(/<\/?[a-zA-Z!][^<>]*>/g, '')
    .replace(/\{[:#.][^{}]*\}/g, '')
    .replace(/`+/g, '')
    .replace(/(\*\*|__|\*)(?=\S)|(?<=\S)(\*\*|__|\*)/g, '');
}
