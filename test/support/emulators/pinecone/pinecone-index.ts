import type { BodyProblem, CheckedBody } from '../check-body.ts';
import { invalid } from './refusals.ts';
import type { Metric } from './similarity.ts';
import type { RecordStore } from './store.ts';

export interface IndexDescription {
  readonly name: string;
  readonly vectorType: 'dense' | 'sparse';
  /** Of dense vectors. */
  readonly dimension: number;
  readonly metric: Metric;
  /** Of an index with integrated embedding: texts are written and searched for, the index embeds them. */
  readonly embed?: { readonly model: string; readonly field: string };
}

/** One index with what it holds. */
export interface PineconeIndex {
  readonly description: IndexDescription;
  readonly store: RecordStore;
}

export const DEFAULT_NAMESPACE = '__default__';

export function namespaceOf(name: string | null | undefined): string {
  return name === undefined || name === null || name === '' ? DEFAULT_NAMESPACE : name;
}

/** Throws Refusal, with the words of the vector operations unless `refuse` has others. */
export function readBody<T>(body: Buffer, read: (body: Buffer) => CheckedBody<T>, refuse: (message: string) => Error = invalid): T {
  const checked = read(body);
  if (checked.problem !== undefined) throw refuse(wordsOf(checked.problem));
  return checked.value;
}

function wordsOf({ kind, path, message }: BodyProblem): string {
  if (kind === 'json') return 'Invalid JSON payload received. Unexpected token.';
  if (kind === 'unknown') return `Invalid JSON payload received. Unknown name "${path}": Cannot find field.`;
  return `Invalid value at '${path}': ${message}`;
}
