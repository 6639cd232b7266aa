import type { Asked } from '#supervisors/kernel/process.ts';

/** What is kept: whole answers, and the evidence of a question. */
export type CacheKind = 'answer' | 'retrieval';

export type CacheEvent =
  | { readonly type: 'put'; readonly kind: CacheKind; readonly key: string; readonly value: object }
  | ({ readonly type: 'clear' } & Asked<number>);
