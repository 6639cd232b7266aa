import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { sessionName } from '#agents/session/session.agent.ts';
import type { TurnRecord } from '#src/ports/store.ts';
import { SHUTDOWN_EVENT } from '#supervisors/kernel/handles/actor.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { startConversations, watchSession } from '../../support/start-conversations.ts';
import { openConversations } from '../../support/store-directory.ts';

const ask = (id: string) => ({ id, question: `Question ${id}?`, options: {} });

/** The turns without an end, as the file has them once nobody holds it. */
function unfinishedIn(dataDir: string): readonly TurnRecord[] {
  return openConversations(dataDir).apply<readonly TurnRecord[]>({ type: 'unfinished-turns', tenant: 'default', session: null });
}

describe('a session that is shut down', () => {
  test('leaves the running turn and those that wait without an end, and counts no run of them', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, dataDir, stop } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    for (const id of ['1', '2', '3']) await sessions.ask('s', ask(id));
    const stream = (await model.nth(0)).say('One');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    await stop();
    expect(stream.signal.aborted).toBe(true);
    expect(seen.filter((frame) => frame.startsWith('answer-e'))).toEqual([]);
    expect(unfinishedIn(dataDir)).toMatchObject(['1', '2', '3'].map((askId) => ({ askId, attempts: 0, state: 'accepted' })));
  });

  test('is followed by one that answers its turns in their order, each once', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    for (const id of ['1', '2']) await before.sessions.ask('s', ask(id));
    (await model.nth(0)).say('One');
    await before.stop();
    const { store } = await startConversations({ models: [model], dataDir: before.dataDir });
    (await model.nth(1)).say('One two.').finish();
    (await model.nth(2)).say('Second.').finish();
    await eventually(async () => expect(await store.conversations.unfinishedTurns()).toEqual([]));
    const { items } = await store.conversations.listTurns('s', { limit: 10 });
    expect(items).toMatchObject([
      { askId: '1', attempts: 1, end: { answer: 'One two.' } },
      { askId: '2', attempts: 1, end: { answer: 'Second.' } },
    ]);
    expect(model.streams).toHaveLength(3);
  });

  test('any number of times poisons no turn, and forgets no run that failed', { timeout: 20_000 }, async () => {
    const model = new ScriptedModel();
    let service = await startConversations({ models: [model] });
    await service.sessions.ask('s', ask('1'));
    (await model.nth(0)).fail(new TypeError('a bug'));
    for (let stops = 1; stops <= 4; stops += 1) {
      await model.nth(stops);
      await service.stop();
      service = await startConversations({ models: [model], dataDir: service.dataDir });
    }
    (await model.nth(5)).say('At last.').finish();
    const { store } = service;
    await eventually(async () => expect(await store.conversations.listTurns('s', { limit: 10 })).toMatchObject({ items: [{ attempts: 2, end: { answer: 'At last.' } }] }));
  });

  test('tells those who wait for an answer to ask again, and takes no more', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const answers = ['1', '2'].map((id) => sessions.answer('s', ask(id)));
    const settled = Promise.allSettled(answers);
    await model.nth(0);
    sessions.handOver();
    expect(await settled).toMatchObject([1, 2].map(() => ({ status: 'rejected', reason: { code: 'DRAINING', isRetryable: true } })));
    await eventually(() => expect(kernel.whereis(sessionName('s'))).toBeUndefined());
    await expect(sessions.ask('s', ask('3'))).rejects.toMatchObject({ code: 'DRAINING' });
    await expect(sessions.cancel('s')).rejects.toMatchObject({ code: 'DRAINING' });
    expect(sessions.activeSessions()).toBe(0);
  });

  test('while a question is written leaves that one, too', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, dataDir, stop } = await startConversations({ models: [model] });
    await sessions.open('s');
    const accepted = sessions.ask('s', ask('1'));
    const answer = sessions.answer('s', ask('2'));
    await setImmediate();
    kernel.send(sessionName('s'), SHUTDOWN_EVENT);
    sessions.handOver();
    await expect(answer).rejects.toMatchObject({ code: 'DRAINING' });
    await accepted;
    await stop();
    expect(unfinishedIn(dataDir)).toMatchObject(['1', '2'].map((askId) => ({ askId, attempts: 0 })));
  });

  test('leaves a turn that others wait for at the same query to them', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const answers = ['s', 'n'].map((session) => sessions.answer(session, { ...ask('1'), question: 'The same?' }));
    const [left] = answers.map((answer) => answer.catch((error: unknown) => error));
    const stream = (await model.nth(0)).say('One');
    const seen = await watchSession(kernel, 'n');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    kernel.send(sessionName('s'), SHUTDOWN_EVENT);
    expect(await left).toMatchObject({ code: 'DRAINING' });
    stream.say(' two.').finish();
    expect((await answers[1])?.outcome).toMatchObject({ end: { answer: 'One two.' } });
    expect(model.streams).toHaveLength(1);
  });
});

describe('a turn that an earlier process left', () => {
  test('is cancelled also before its session was opened', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    const { turn } = await before.sessions.ask('s', ask('1'));
    await before.sessions.ask('s', ask('2'));
    await before.stop();
    const { sessions } = await startConversations({ models: [model], dataDir: before.dataDir });
    expect(await sessions.cancel('s', turn)).toMatchObject({ turn, end: { finish: 'cancelled' } });
    await expect(sessions.cancel('s', turn)).rejects.toMatchObject({ code: 'TURN_ENDED' });
  });
});
