import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewDocument } from '#src/ports/store.ts';
import { SHARED_DATA } from './shared-data.ts';

export interface Corpus {
  readonly documents: readonly NewDocument[];
  /** What to say about it beside the figures. */
  readonly note: string;
}

/** The size of the real corpus, for a generated one: files, and words in each. */
const FILES = 406;
const WORDS_PER_FILE = 1330;
const WORDS_PER_SECTION = 120;
const VOCABULARY = 20_000;

/** The documentation beside the checkout, else a generated corpus of the same size. */
export function readCorpus(): Corpus {
  const directory = join(SHARED_DATA, 'docs');
  return existsSync(directory) ? readDocumentation(directory) : generateCorpus();
}

function readDocumentation(directory: string): Corpus {
  const paths = globSync('*/**/*.md', { cwd: directory }).toSorted();
  const documents = paths.map((id) => ({ id, text: readFileSync(join(directory, id), 'utf8') })).filter(({ text }) => text.trim() !== '');
  return { documents, note: `corpus: ${documents.length} files of ${directory}` };
}

/** Words with the frequencies of language (Zipf), the same in every run. */
export function generateCorpus(): Corpus {
  const random = seededRandom(1);
  const documents = Array.from({ length: FILES }, (_, index) => ({ id: `generated/${index}.md`, text: generateText(index, random) }));
  return { documents, note: `corpus: generated, ${FILES} files; there is no ${SHARED_DATA}docs` };
}

function generateText(index: number, random: () => number): string {
  const sections: string[] = [`# Guide ${index}`];
  for (let words = 0; words < WORDS_PER_FILE; words += WORDS_PER_SECTION) {
    const text = Array.from({ length: WORDS_PER_SECTION }, (_, at) => zipfWord(random) + (at % 15 === 14 ? '.' : ''));
    sections.push(`## ${zipfWord(random)} ${zipfWord(random)}`, text.join(' '));
  }
  return sections.join('\n\n');
}

/** Word number n is n times rarer than the first. */
function zipfWord(random: () => number): string {
  return `w${Math.floor(VOCABULARY ** random()).toString(36)}`;
}

/** Numbers in [0, 1) by a linear congruential generator (Numerical Recipes, 3rd edition, 7.1.1). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** Distinct questions about what the documents are about: their headings as readers would ask for them, in no order. */
export function questionsAbout({ documents }: Corpus, count: number): readonly string[] {
  const headings = documents.flatMap(({ text }) => [...text.matchAll(/^#{1,4} +(.{3,80})$/gm)].map(([, heading]) => (heading ?? '').trim()));
  const distinct = [...new Set(headings)];
  if (distinct.length < count) throw new Error(`the corpus has ${distinct.length} headings, too few for ${count} questions`);
  const random = seededRandom(2);
  const shuffled = distinct.map((heading) => ({ heading, order: random() })).sort((a, b) => a.order - b.order);
  return shuffled.slice(0, count).map(({ heading }) => `What is ${heading}?`);
}
