import { hash } from 'node:crypto';
import type { Metadata } from '#src/ports/answer.ts';
import type { Chunking } from '#src/ports/store.ts';
import { ANALYSIS_VERSION } from '#src/rag/analyse.ts';

/** A document as it is to be indexed. */
export interface DocumentContent {
  readonly id: string;
  readonly text: string;
  /** As its owner gave it, not as it was found in the text. */
  readonly title: string | null;
  readonly uri: string | null;
  readonly metadata: Metadata;
}

/** Equal for two documents that are indexed and shown alike, so that an unchanged one can be passed over. */
export function contentHash(content: DocumentContent, chunking: Chunking, language: string): string {
  const { id, text, title, uri } = content;
  const metadata = Object.entries(content.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [id, text, title, uri, metadata, chunking.chunkSize, chunking.overlap, language, ANALYSIS_VERSION];
  return hash('sha256', JSON.stringify(parts), 'base64url');
}
