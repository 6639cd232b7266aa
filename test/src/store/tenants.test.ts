import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DocumentRecord, JobRecord, Page, SearchResult, SessionRecord, TurnRecord } from '#src/ports/store.ts';
import type { Scope } from '#src/store/knowledge/events.ts';
import { toOutcomeColumns } from '#src/store/conversations/turn-row.ts';
import { answered, index, newTurn } from '../../support/store-examples.ts';
import { openConversations, openKnowledge, temporaryDirectory } from '../../support/store-directory.ts';

/** Names that a careless query could take for one another. */
const TENANTS = ['a', 'A', 'a ', 'a%', "a' or 1=1 --", '1', ''] as const;
const tenant = fc.constantFrom(...TENANTS);
const id = fc.constantFrom('x', 'y', 'z');
const page = { limit: 100 };

/** Runs `act`; what it refuses is part of what the tenant sees. */
function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

interface Step {
  readonly tenant: string;
  readonly id: string;
  readonly kind: 'add' | 'end' | 'delete' | 'rate';
  readonly word: string;
}

const steps = fc.array(
  fc.record({
    tenant,
    id,
    kind: fc.constantFrom('add' as const, 'end' as const, 'delete' as const, 'rate' as const),
    word: fc.constantFrom('otter', 'bee', 'wasp'),
  }),
  { minLength: 1, maxLength: 25 },
);

function converse({ apply }: ReturnType<typeof openConversations>, { tenant, id, kind, word }: Step): unknown {
  switch (kind) {
    case 'add':
      return outcome(() => apply({ type: 'accept-turn', tenant, turn: newTurn(`t-${id}`, { session: id, question: word }) }));
    case 'end':
      return outcome(() => apply({ type: 'end-turn', tenant, turn: `t-${id}`, outcome: toOutcomeColumns(answered(word)), endedAt: 2000 }));
    case 'delete':
      return outcome(() => apply({ type: 'delete-session', tenant, session: id }));
    case 'rate':
      return outcome(() => apply({ type: 'add-feedback', tenant, feedback: { turn: `t-${id}`, rating: 'up' }, at: 3000 }));
  }
}

function conversationsSeenBy(name: string, { apply }: ReturnType<typeof openConversations>): unknown {
  const ids = ['x', 'y', 'z'];
  return {
    sessions: apply<Page<SessionRecord>>({ type: 'list-sessions', tenant: name, page }),
    unfinished: apply<TurnRecord[]>({ type: 'unfinished-turns', tenant: name, session: null }),
    turns: ids.map((each) => outcome(() => apply({ type: 'get-turn', tenant: name, turn: `t-${each}` }))),
    histories: ids.map((each) => outcome(() => apply({ type: 'list-turns', tenant: name, session: each, page }))),
  };
}

function learn({ write }: ReturnType<typeof openKnowledge>, { tenant, id, kind, word }: Step, job: string): unknown {
  const scope: Scope = { tenant, collection: 'default' };
  if (kind === 'delete') return outcome(() => write({ type: 'delete-document', ...scope, document: id }));
  if (kind === 'end') return outcome(() => write({ type: 'advance-job', ...scope, job, at: 2000 }));
  return outcome(() => index(write, [{ id, text: `The ${word} of ${word}s.` }], scope));
}

function knowledgeSeenBy(name: string, { read }: ReturnType<typeof openKnowledge>): unknown {
  const scope = { tenant: name, collection: 'default' };
  const request = { question: 'otter bee bee wasp', limit: 50, language: 'en' };
  const { items } = read<Page<JobRecord>>({ type: 'list-jobs', ...scope, page });
  return {
    jobs: items.map(({ state, total, indexed, unchanged, failures }) => ({ state, total, indexed, unchanged, failures })),
    documents: read<Page<DocumentRecord>>({ type: 'list-documents', ...scope, page }),
    chunks: ['x', 'y', 'z'].map((each) => outcome(() => read({ type: 'get-document', ...scope, document: each }))),
    found: read<SearchResult>({ type: 'search', ...scope, request }),
  };
}

describe('a tenant sees what it would see alone', () => {
  test('of conversations, whatever the others do', () => {
    fc.assert(
      fc.property(steps, tenant, (all, name) => {
        const shared = openConversations(temporaryDirectory());
        const alone = openConversations(temporaryDirectory());
        const own = all.filter((step) => step.tenant === name);
        const inCompany = all.map((step) => ({ step, result: converse(shared, step) }));
        const results = inCompany.filter(({ step }) => step.tenant === name).map(({ result }) => result);
        expect(results).toEqual(own.map((step) => converse(alone, step)));
        expect(conversationsSeenBy(name, shared)).toEqual(conversationsSeenBy(name, alone));
      }),
      { numRuns: 60 },
    );
  });

  test('of knowledge, its ranking included, whatever the others do', () => {
    fc.assert(
      fc.property(steps, tenant, (all, name) => {
        const shared = openKnowledge(temporaryDirectory());
        const alone = openKnowledge(temporaryDirectory());
        for (const step of all) learn(shared, step, 'of-another');
        for (const step of all) if (step.tenant === name) learn(alone, step, 'of-another');
        expect(knowledgeSeenBy(name, shared)).toEqual(knowledgeSeenBy(name, alone));
      }),
      { numRuns: 60 },
    );
  });

  test('and cannot move another’s job', () => {
    const { write, read } = openKnowledge(temporaryDirectory());
    const mine = { tenant: 'a', collection: 'default' };
    const theirs = { tenant: 'b', collection: 'default' };
    const { job } = index(write, [{ id: 'x', text: 'An otter swims.' }], mine);
    index(write, [{ id: 'x', text: 'A bee flies.' }], theirs);
    for (const type of ['advance-job', 'cancel-job'] as const) {
      expect(() => write({ type, ...theirs, job: job.id, at: 1 })).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }));
    }
    expect(() => read({ type: 'get-job', ...theirs, job: job.id })).toThrow(expect.objectContaining({ code: 'JOB_NOT_FOUND' }));
  });

  test('in one collection nothing of another', () => {
    const { write, read } = openKnowledge(temporaryDirectory());
    index(write, [{ id: 'x', text: 'An otter swims.' }], { tenant: 'a', collection: 'one' });
    index(write, [{ id: 'x', text: 'A bee flies.' }], { tenant: 'a', collection: 'two' });
    const request = { question: 'otter bee', limit: 5, language: 'en' };
    const found = read<SearchResult>({ type: 'search', tenant: 'a', collection: 'two', request });
    expect(found.sources.map(({ text }) => text)).toEqual(['A bee flies.']);
    expect(found.statistics.chunkCount).toBe(1);
  });
});
