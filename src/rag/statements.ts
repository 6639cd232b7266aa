import { parseBlocks, plainText } from './markdown.ts';
import type { Block } from './markdown.ts';
import { splitSentences } from './sentences.ts';

/** A piece of a source that can be quoted: a sentence, a list item, a row of a table, or a code fence. */
export interface Statement {
  readonly kind: 'sentence' | 'item' | 'row' | 'code';
  readonly start: number;
  readonly end: number;
  /** The number of its block within the source. */
  readonly block: number;
  /** Without markup; of code, as it stands. */
  readonly plain: string;
  /** The headings above it within the source, without markup. */
  readonly heading: string;
}

/** List items up to this length are quoted whole. In UTF-16 units. */
const MAX_ITEM_LENGTH = 320;
const ITEM_MARKER = /^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/;
const QUOTE_MARKER = /^[ \t>]+/;
const TABLE_RULE = /^[\s|:-]*$/;

/** Finds what can be quoted from `text`, in order. Headings, indented code and front matter are left out. */
export function findStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  const path: Block[] = [];
  for (const [index, block] of parseBlocks(text).entries()) {
    if (block.kind === 'heading') {
      while ((path.at(-1)?.level ?? 0) >= block.level) path.pop();
      path.push(block);
      continue;
    }
    const heading = path.map((each) => each.title).join('\n');
    for (const { kind, start, end } of spansOf(text, block)) {
      const slice = text.slice(start, end);
      const plain = kind === 'code' ? slice : plainText(slice);
      if (/[\p{L}\p{N}]/u.test(plain)) statements.push({ kind, start, end, block: index, plain, heading });
    }
  }
  return statements;
}

type StatementSpan = Pick<Statement, 'kind' | 'start' | 'end'>;

function spansOf(text: string, block: Block): StatementSpan[] {
  const body = text.slice(block.start, block.end);
  if (block.kind === 'fence') return [{ kind: 'code', start: block.start, end: block.end }];
  if (block.kind === 'table') return rowSpans(body, block.start);
  if (block.kind === 'list_item') {
    const start = block.start + (ITEM_MARKER.exec(body)?.[0].length ?? 0);
    if (block.end - start <= MAX_ITEM_LENGTH) return [{ kind: 'item', start, end: block.end }];
    return sentenceSpans(text, start, block.end);
  }
  if (block.kind !== 'paragraph') return [];
  return sentenceSpans(text, block.start + (QUOTE_MARKER.exec(body)?.[0].length ?? 0), block.end);
}

function sentenceSpans(text: string, start: number, end: number): StatementSpan[] {
  return splitSentences(text, start, end).map((span) => ({ kind: 'sentence', start: span.start, end: span.end }));
}

/** The rows below the rule of dashes; a table without one is all rows. */
function rowSpans(body: string, offset: number): StatementSpan[] {
  const rows = [...body.matchAll(/[^\r\n]+/g)];
  const rule = rows.findIndex((row) => TABLE_RULE.test(row[0]));
  return rows.slice(rule + 1).map((row) => ({ kind: 'row', start: offset + row.index, end: offset + row.index + row[0].length }));
}
