import { hash } from 'node:crypto';
import type { SearchRequest } from '#src/ports/store.ts';

/** Raise it when the flow itself changes what it answers. */
const PROGRAM_VERSION = 1;

export interface KeyParts {
  readonly tenant: string;
  readonly epoch: number;
  /** Normalised. */
  readonly question: string;
  readonly search: SearchRequest;
  readonly rerank: boolean;
  /** Names what finds evidence. */
  readonly retrieval: string;
  readonly model: string;
  readonly temperature: number;
}

/** Everything that changes an answer, in 64 hexadecimal characters. */
export function answerKey(parts: KeyParts): string {
  return digest([...retrievalParts(parts), parts.model, parts.temperature]);
}

/** Everything that changes what is found. */
export function retrievalKey(parts: KeyParts): string {
  return digest(retrievalParts(parts));
}

function retrievalParts({ tenant, epoch, question, search, rerank, retrieval }: KeyParts): unknown[] {
  return [PROGRAM_VERSION, tenant, epoch, question, searchParts(search), rerank, retrieval];
}

function searchParts({ limit, filter, language }: SearchRequest): unknown[] {
  return [limit, language, Object.entries(filter ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))];
}

function digest(parts: unknown): string {
  return hash('sha256', JSON.stringify(parts), 'hex');
}
