export interface EmbeddedChunk {
  readonly title: string;
  readonly headings: readonly string[];
  readonly text: string;
}

/**
 * What a chunk is embedded as: the title and the headings above it say what a chunk speaks of that does not say so
 * itself. A heading that the chunk begins with is not said twice.
 */
export function embeddingText({ title, headings, text }: EmbeddedChunk): string {
  const [firstLine = ''] = text.split('\n', 1);
  const own = firstLine.replace(/^#+/, '').trim();
  const path = [...new Set([title, ...headings])].filter((part) => part.trim() !== '' && part !== own);
  return path.length === 0 ? text : `${path.join(' > ')}\n\n${text}`;
}
