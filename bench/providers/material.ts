import type { NewDocument } from '#src/ports/store.ts';

const ANIMALS = ['otter', 'heron', 'badger', 'salmon', 'kestrel', 'marten', 'newt', 'adder', 'wren', 'pike', 'lynx', 'vole'];
const PLACES = ['river', 'harbour', 'orchard', 'quarry', 'meadow', 'estuary', 'canal', 'moor', 'island', 'forest'];
const DEEDS = ['gathers', 'hides', 'carries', 'guards', 'follows', 'sorts', 'counts', 'trades', 'repairs', 'collects'];
const THINGS = ['pebbles', 'feathers', 'acorns', 'ropes', 'lanterns', 'shells', 'baskets', 'letters', 'ladders', 'maps'];
const TIMES = ['before sunrise', 'after the first frost', 'while the ferry waits', 'when the market closes', 'on the longest day'];

/** Of one document. */
const SENTENCES = 12;

/** Short documents of plain sentences, the same in every run: each is one chunk, so one vector. */
export function makeDocuments(count: number): readonly NewDocument[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `notes/${index}.md`,
    text: Array.from({ length: SENTENCES }, (__, at) => sentence(index * SENTENCES + at)).join(' '),
  }));
}

/** Question number `n`: no two are the same, each is about a sentence of the first `documents` documents. */
export function makeQuestion(n: number, documents: number): string {
  const fact = n % (documents * SENTENCES);
  const round = Math.floor(n / (documents * SENTENCES));
  const asked = `What does ${subject(fact)} do with the ${pick(THINGS, fact * 3)} ${pick(TIMES, fact)}`;
  return round === 0 ? `${asked}?` : `${asked}, asked ${round} times before?`;
}

function sentence(n: number): string {
  const does = `${pick(DEEDS, n * 5 + Math.floor(n / 10))} the ${pick(THINGS, n * 3)} ${pick(TIMES, n)}`;
  return `${capitalised(subject(n))} ${does} and tells the ${pick(ANIMALS, n + 5)} about it.`;
}

function subject(n: number): string {
  return `the ${pick(ANIMALS, n)} of ${pick(PLACES, n * 7)} number ${Math.floor(n / 3)}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function pick(words: readonly string[], n: number): string {
  return words[n % words.length] ?? '';
}
