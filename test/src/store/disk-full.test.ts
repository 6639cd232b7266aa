import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServiceError } from '#src/errors.ts';
import type { DocumentRecord, JobRecord, Page } from '#src/ports/store.ts';
import type { JobReply } from '#src/store/knowledge/events.ts';
import { fillUp, makeRoom, mountSmallDisk } from '../../support/small-disk.ts';
import { cachedTurn, finish, index, indexJob, newTurn, SCOPE, sections } from '../../support/store-examples.ts';
import { openConversations, openKnowledge, temporaryDirectory } from '../../support/store-directory.ts';
import { StoreWorkers } from '../../support/store-workers.ts';

const tenant = 'default';

describe('a database that may not grow', () => {
  test('refuses a turn with STORE_FULL, keeps nothing of it, and takes it once there is room', () => {
    const { apply, database } = openConversations(temporaryDirectory());
    apply({ type: 'accept-turn', tenant, turn: newTurn('t0') });
    const pages = Number(Object.values(database.prepare('pragma page_count').get() ?? {})[0]);
    database.exec(`pragma max_page_count=${pages}`);
    const turn = newTurn('t1', { question: 'long '.repeat(10_000) });
    expect(() => apply({ type: 'accept-turn', tenant, turn })).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
    expect(apply({ type: 'get-session', tenant, session: 's1' })).toMatchObject({ turnCount: 1 });
    expect(() => apply({ type: 'get-turn', tenant, turn: 't1' })).toThrow(expect.objectContaining({ code: 'TURN_NOT_FOUND' }));
    database.exec('pragma max_page_count=1000000');
    expect(apply({ type: 'accept-turn', tenant, turn })).toMatchObject({ repeated: false });
  });

  test('confirms of a batch only what it has', () => {
    const { batch, database } = openConversations(temporaryDirectory());
    database.exec('pragma max_page_count=60');
    const events = Array.from({ length: 100 }, (_, at) => {
      return { type: 'accept-turn', tenant, turn: newTurn(`t${at}`, { question: 'word '.repeat(1000) }) } as const;
    });
    const codes = batch(events).map((answer) => ('error' in answer ? answer.error.code : 'ok'));
    const kept = database.prepare('select count(*) as turns from turn').get()?.['turns'];
    expect(new Set(codes)).toContain('STORE_FULL');
    expect(codes.filter((code) => code === 'ok')).toHaveLength(Number(kept));
    expect(database.prepare('pragma integrity_check').all()).toMatchObject([{ integrity_check: 'ok' }]);
  });

  test('stops a job with the version before still whole, and lets it go on once there is room', () => {
    const knowledge = openKnowledge(temporaryDirectory());
    const { read, write, database } = knowledge;
    index(write, [{ id: 'a', text: sections(5, 'old') }]);
    const before = read({ type: 'get-document', ...SCOPE, document: 'a' });
    const event = indexJob([{ id: 'a', text: sections(900, 'new') }]);
    write(event);
    const pages = Number(Object.values(database.prepare('pragma page_count').get() ?? {})[0]);
    database.exec(`pragma max_page_count=${pages + 20}`);
    expect(() => finish(write, event.job)).toThrow(expect.objectContaining({ code: 'STORE_FULL' }));
    expect(read({ type: 'get-document', ...SCOPE, document: 'a' })).toEqual(before);
    expect(read<JobRecord>({ type: 'get-job', ...SCOPE, job: event.job })).toMatchObject({ done: 0, failures: [], endedAt: null });
    database.exec('pragma max_page_count=1000000');
    expect(finish(write, event.job)).toMatchObject({ epoch: 2, job: { state: 'succeeded', indexed: 1 } });
  });
});

describe('a disk without space', () => {
  test('fails turns with STORE_FULL, loses no confirmed one, and takes them once there is space', async (context) => {
    const directory = mountSmallDisk(2);
    if (directory === undefined) return context.skip('this machine does not let us mount a disk');
    const workers = await new StoreWorkers(directory).start();
    onTestFinished(() => workers.stop());
    const { conversations } = workers.store.tenant(tenant);
    const accept = (at: number): Promise<unknown> =>
      conversations.recordCachedTurn(cachedTurn(`t${at}`, `${'word '.repeat(2000)}${at}`, { session: at === 0 ? 's1' : `s${at + 1}` }));
    fillUp(directory);
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, at) => accept(at)));
    const codes = results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as ServiceError).code));
    expect(new Set(codes)).toEqual(new Set(['STORE_FULL']));
    await expect(conversations.getSession('s1')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    makeRoom(directory);
    await accept(0);
    expect(await conversations.getSession('s1')).toMatchObject({ turnCount: 1 });
  });

  test('stops a job, shows nothing half, and lets it go on once there is space', async (context) => {
    const directory = mountSmallDisk(2);
    if (directory === undefined) return context.skip('this machine does not let us mount a disk');
    const workers = await new StoreWorkers(directory).start();
    onTestFinished(() => workers.stop());
    const { knowledge } = workers.store.tenant(tenant);
    const documents = Array.from({ length: 64 }, (_, at) => ({ id: `d${at}`, text: sections(20, `m${at}x`) }));
    const { job } = (await workers.ask('knowledge', indexJob(documents))) as JobReply;
    fillUp(directory);
    await expect(knowledge.advanceJob(job.id)).rejects.toMatchObject({ code: 'STORE_FULL' });
    expect((await listAll(knowledge.listDocuments({ limit: 100 }))).length).toBe(0);
    expect(knowledge.epoch()).toBe(0);
    makeRoom(directory);
    expect((await knowledge.advanceJob(job.id)).indexed).toBe(32);
    expect(knowledge.epoch()).toBe(1);
  });
});

async function listAll(page: Promise<Page<DocumentRecord>>): Promise<readonly DocumentRecord[]> {
  return (await page).items;
}
