import { hash } from 'node:crypto';
import type { AskOptions } from '#src/ports/answer.ts';
import type { SearchRequest } from '#src/ports/store.ts';

/** Raise it when the flow itself changes what it answers. */
const PROGRAM_VERSION = 1;

export interface KeyParts {
  readonly tenant: string;
  readonly epoch: number;
  /** Normalised. */
  readonly question: string;
  readonly options: AskOptions;
  readonly search: SearchRequest;
  readonly model: string;
}

/** Everything that changes an answer, in 64 hexadecimal characters. */
export function answerKey({ tenant, epoch, question, options, search, model }: KeyParts): string {
  const { rerank, temperature } = options;
  return digest([PROGRAM_VERSION, tenant, epoch, question, searchParts(search), model, rerank ?? null, temperature ?? null]);
}

/** Everything that changes what is found. */
export function retrievalKey({ tenant, epoch, question, search }: KeyParts): string {
  return digest([PROGRAM_VERSION, tenant, epoch, question, searchParts(search)]);
}

function searchParts({ limit, filter, language }: SearchRequest): unknown[] {
  return [limit, language, Object.entries(filter ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))];
}

function digest(parts: unknown): string {
  return hash('sha256', JSON.stringify(parts), 'hex');
}
