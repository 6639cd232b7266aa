import { ServiceError } from '#src/errors.ts';
import type { ErrorDetail } from '#src/errors.ts';
import type { Chunking } from '#src/ports/store.ts';
import { parseBlocks } from './markdown.ts';
import type { Block } from './markdown.ts';
import { splitSentences } from './sentences.ts';
import { tokenize } from './tokens.ts';
import type { Tokens } from './tokens.ts';

/** A piece of a document that is found and quoted as one. */
export interface Chunk {
  /** `document.slice(start, end)`. */
  readonly text: string;
  /** In UTF-16 units of the document. */
  readonly start: number;
  readonly end: number;
  /** The headings that the chunk stands under, outermost first, without markup. */
  readonly headings: readonly string[];
  readonly tokenCount: number;
}

export const DEFAULT_CHUNKING: Chunking = { chunkSize: 512, overlap: 50 };

const MAX_CHUNK_SIZE = 8192;

/** A range of tokens that packing does not look into. */
interface Unit {
  readonly from: number;
  readonly to: number;
  readonly isFence: boolean;
}

interface Section {
  readonly headings: readonly string[];
  readonly blocks: readonly Block[];
}

interface OpenSection {
  headings: readonly string[];
  readonly blocks: Block[];
  hasBody: boolean;
}

interface Heading {
  readonly level: number;
  readonly title: string;
}

/** What cutting one document needs at every step. */
interface Cutting extends Chunking {
  readonly text: string;
  readonly tokens: Tokens;
}

/**
 * Reads the chunking of a request, with the defaults where it says nothing.
 * Throws `INVALID_REQUEST` naming `chunk_size` or `overlap`.
 */
export function parseChunking(request: { readonly chunk_size?: unknown; readonly overlap?: unknown }): Chunking {
  const { chunk_size: chunkSize = DEFAULT_CHUNKING.chunkSize } = request;
  const size = Number.isInteger(chunkSize) ? (chunkSize as number) : 0;
  const { overlap = Math.min(DEFAULT_CHUNKING.overlap, Math.floor(size / 2)) } = request;
  return checkChunking({ chunkSize: chunkSize as number, overlap: overlap as number });
}

/**
 * Refuses sizes that make no sense: a chunk has 1 to 8192 tokens, and an overlap above half of it would store
 * most of a document more than twice. Throws `INVALID_REQUEST`.
 */
export function checkChunking(chunking: Chunking): Chunking {
  const { chunkSize, overlap } = chunking;
  if (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > MAX_CHUNK_SIZE) {
    throw refusal('chunk_size', `an integer from 1 to ${MAX_CHUNK_SIZE}`, chunkSize);
  }
  const maxOverlap = Math.floor(chunkSize / 2);
  if (!Number.isInteger(overlap) || overlap < 0 || overlap > maxOverlap) {
    throw refusal('overlap', `an integer from 0 to ${maxOverlap}, half of chunk_size`, overlap);
  }
  return { chunkSize, overlap };
}

function refusal(field: string, expected: string, value: unknown): ServiceError {
  const got = typeof value === 'number' ? String(value) : (JSON.stringify(value)?.slice(0, 100) ?? typeof value);
  const detail: ErrorDetail = { field, expected, got };
  return new ServiceError('INVALID_REQUEST', `expected ${field} to be ${expected}, got: ${got}`, { details: [detail] });
}

/**
 * Cuts a Markdown document into chunks that together hold all of its text but white space, in time linear in its length.
 *
 * - A heading begins a section, and no chunk reaches over sections. Headings with nothing below them go with what follows.
 * - A section that fits `chunkSize` is one chunk. Otherwise its blocks are packed in order; a block that is too large
 *   is cut at the ends of sentences or lines, and where these are too large between tokens.
 * - A code fence is never cut: one longer than `chunkSize` is a chunk of its own, and the only chunk above `chunkSize`.
 *   A table is cut, between rows, only when it is longer than `chunkSize`.
 * - A chunk that is not the first of its section begins exactly `overlap` tokens before the end of the one before;
 *   fewer when they would cut a code fence, or when a fence or table of its own leaves no room for them.
 *
 * Throws `INVALID_REQUEST` as `checkChunking` does.
 */
export function chunkMarkdown(text: string, chunking: Chunking): Chunk[] {
  const cutting: Cutting = { ...checkChunking(chunking), text, tokens: tokenize(text) };
  const chunks: Chunk[] = [];
  let from = 0;
  for (const section of splitSections(parseBlocks(text))) {
    const units: Unit[] = [];
    for (const block of section.blocks) {
      const to = tokenAt(cutting.tokens, from, block.end);
      for (const unit of cutBlock(cutting, block, from, to)) units.push(unit);
      from = to;
    }
    for (const range of packUnits(cutting, units)) chunks.push(makeChunk(cutting, section, range));
  }
  return chunks;
}

/** The first token, from `from` on, that begins at `offset` or later. */
function tokenAt(tokens: Tokens, from: number, offset: number): number {
  let index = from;
  while ((tokens.starts[index] ?? Infinity) < offset) index += 1;
  return index;
}

function makeChunk(cutting: Cutting, section: Section, { from, to }: Unit): Chunk {
  const start = cutting.tokens.starts[from] ?? 0;
  const end = cutting.tokens.ends[to - 1] ?? start;
  return { text: cutting.text.slice(start, end), start, end, headings: section.headings, tokenCount: to - from };
}

function splitSections(blocks: readonly Block[]): Section[] {
  const sections: OpenSection[] = [];
  let path: readonly Heading[] = [];
  let open: OpenSection | undefined;
  for (const block of blocks) {
    const isHeading = block.kind === 'heading';
    if (isHeading) path = [...path.filter((heading) => heading.level < block.level), block];
    if (open === undefined || (isHeading && open.hasBody)) sections.push((open = { headings: [], blocks: [], hasBody: false }));
    open.blocks.push(block);
    open.hasBody ||= !isHeading;
    open.headings = path.map((heading) => heading.title).filter((title) => title !== '');
  }
  return sections;
}

function cutBlock(cutting: Cutting, block: Block, from: number, to: number): Unit[] {
  const isFence = block.kind === 'fence';
  const limit = block.kind === 'table' ? cutting.chunkSize : cutting.chunkSize - cutting.overlap;
  if (isFence || to - from <= limit) return [{ from, to, isFence }];
  const units: Unit[] = [];
  let position = from;
  for (const end of pieceEnds(cutting.text, block)) {
    const pieceEnd = tokenAt(cutting.tokens, position, end);
    for (; pieceEnd - position > 0; position = Math.min(pieceEnd, position + cutting.chunkSize - cutting.overlap)) {
      units.push({ from: position, to: Math.min(pieceEnd, position + cutting.chunkSize - cutting.overlap), isFence });
    }
  }
  return units;
}

/** Where a block that is too large may be cut: after lines or after sentences; the last is its end. */
function pieceEnds(text: string, block: Block): number[] {
  if (block.kind === 'paragraph' || block.kind === 'list_item' || block.kind === 'heading') {
    return splitSentences(text, block.start, block.end).map((sentence) => sentence.end);
  }
  const breaks = [...text.slice(block.start, block.end).matchAll(/\r\n|\n|\r/g)];
  return [...breaks.map((match) => block.start + match.index), block.end];
}

/** Packs units of one section into chunks, as ranges of tokens. */
function packUnits(cutting: Cutting, units: readonly Unit[]): Unit[] {
  const chunks: Unit[] = [];
  let open: { from: number; to: number; isFence: boolean } | undefined;
  for (const [index, unit] of units.entries()) {
    if (open !== undefined && unit.to - open.from <= cutting.chunkSize) {
      open.to = unit.to;
      continue;
    }
    const from = open === undefined ? unit.from : overlapStart(cutting, units, index);
    open = { from, to: unit.to, isFence: false };
    chunks.push(open);
  }
  return chunks;
}

/**
 * Where the chunk that begins with `units[index]` begins, with its overlap. That stays inside the chunk before: `index`
 * begins a chunk because it did not fit there, so there is less room for overlap than that chunk is long.
 */
function overlapStart(cutting: Cutting, units: readonly Unit[], index: number): number {
  const unit = units[index] as Unit;
  const room = Math.max(0, cutting.chunkSize - (unit.to - unit.from));
  const from = unit.from - Math.min(cutting.overlap, room);
  let holder = index - 1;
  while (holder > 0 && (units[holder] as Unit).from > from) holder -= 1;
  const { isFence, from: fenceFrom, to: fenceTo } = units[holder] as Unit;
  return isFence && fenceFrom < from ? fenceTo : from;
}
