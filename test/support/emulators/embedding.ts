import { mix } from '#src/cli/chaos/random.ts';

/** Places in the vector that a word is added to: few, so that texts without a common word stay nearly at right angles. */
const PLACES_PER_WORD = 4;

/** Words this short are mostly grammar and weigh little, so that a match means something. */
const SHORT_WORD = 3;
const SHORT_WORD_WEIGHT = 0.25;

/**
 * A bag of hashed words of unit length: the same text gives the same vector in every emulator, and texts are the nearer
 * the more words they share. Words are compared without case and without a plural s. Never the zero vector.
 */
export function embedText(text: string, dimension: number): number[] {
  const vector = Array.from({ length: dimension }, () => 0);
  for (const word of wordsOf(text)) addWord(vector, word);
  const length = Math.hypot(...vector);
  if (length === 0) return embedText(`nothing ${text.length}`, dimension);
  return vector.map((value) => value / length);
}

/** Without case, and without an s at the end of longer words. */
export function wordsOf(text: string): string[] {
  const words = text.normalize('NFKC').toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.map((word) => (word.length > SHORT_WORD + 1 ? word.replace(/s$/, '') : word));
}

function addWord(vector: number[], word: string): void {
  const weight = word.length > SHORT_WORD ? 1 : SHORT_WORD_WEIGHT;
  let hash = hashOf(word);
  for (let place = 0; place < PLACES_PER_WORD; place += 1) {
    hash = mix(hash + place + 1);
    const index = hash % vector.length;
    vector[index] = (vector[index] ?? 0) + (hash & 0x10000 ? weight : -weight);
  }
}

/** FNV-1a over UTF-16 units (Fowler, Noll and Vo). Also tells texts apart where an emulator has to vary. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
