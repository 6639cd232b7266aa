import { describe, expect, test } from 'vitest';
import { SESSIONS, sessionName } from '#agents/session/session.agent.ts';
import type { TenantStore } from '#src/ports/store.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { Conversations } from '../../support/start-conversations.ts';
import { startConversations, watchSession } from '../../support/start-conversations.ts';

const ask = (id: string) => ({ id, question: `Question ${id}?`, options: {} });
const POISONED = { state: 'failed', error: { code: 'TURN_POISONED', retryable: false } };

/** A turn that a process has left so long ago, as it finds it in its store. */
async function leaveTurn({ conversations }: TenantStore, id: string, { attempts, ageMs = 0 }: { attempts: number; ageMs?: number }): Promise<void> {
  const acceptedAt = Date.now() - ageMs;
  await conversations.acceptTurn({ id, session: 's', askId: `ask-${id}`, question: `Question ${id}?`, options: {}, acceptedAt });
  for (let known = 0; known < attempts; known += 1) await conversations.beginAttempt(id, known, acceptedAt);
}

async function restart({ kernel, dataDir }: Conversations, model: ScriptedModel): Promise<Conversations> {
  // A kill: no end of a turn is written.
  kernel.kill('conversations');
  kernel.kill('test');
  return startConversations({ models: [model], dataDir });
}

describe('the attempts of a turn', () => {
  test('the first is on disk with the acceptance, and an answer adds none', async () => {
    const model = new ScriptedModel();
    const { sessions, store } = await startConversations({ models: [model] });
    const { turn } = await sessions.ask('s', ask('1'));
    expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 1, state: 'accepted' });
    (await model.nth(0)).say('One.').finish();
    await eventually(async () => expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 1, state: 'answered' }));
  });

  test('of one that waits are none before it runs', async () => {
    const model = new ScriptedModel();
    const { sessions, store } = await startConversations({ models: [model] });
    await sessions.ask('s', ask('1'));
    const { turn } = await sessions.ask('s', ask('2'));
    expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 0, startedAt: null });
    (await model.nth(0)).say('One.').finish();
    await model.nth(1);
    expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 1, startedAt: expect.any(Number) });
  });

  test('grow by one with each query that dies', async () => {
    const model = new ScriptedModel();
    const { sessions, store } = await startConversations({ models: [model] });
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).fail(new TypeError('a bug'));
    (await model.nth(1)).say('Two.').finish();
    const { turn } = await answer;
    expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 2, state: 'answered' });
  });

  test('three in which the session died are enough: the turn ends as poisoned, once, and the next one runs', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, store } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answer = sessions.answer('s', ask('1'));
    const { turn } = await sessions.ask('s', ask('1'));
    await sessions.ask('s', ask('2'));
    for (let attempts = 1; attempts <= 3; attempts += 1) {
      await eventually(async () => expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts }));
      kernel.kill(sessionName('s'));
    }
    expect((await answer).outcome).toMatchObject(POISONED);
    await eventually(() => expect(model.streams.at(-1)?.request.question).toBe('Question 2?'));
    model.streams.at(-1)?.say('Two.').finish();
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen.filter((frame) => frame.startsWith('answer-e'))).toEqual(['answer-error TURN_POISONED', 'answer-end']);
    expect(await store.conversations.getTurn(turn)).toMatchObject({ ...POISONED, attempts: 3 });
  });

  test('outlive the process: a turn with which it died three times is not run again', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    await leaveTurn(before.store, 'poison', { attempts: 3 });
    const { store } = await restart(before, model);
    await eventually(async () => expect(await store.conversations.getTurn('poison')).toMatchObject({ ...POISONED, attempts: 3 }));
    expect(model.streams).toEqual([]);
  });

  test('each taking up after a restart is one more, and one that succeeds is an answer', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    await leaveTurn(before.store, 'hard', { attempts: 2 });
    const { store } = await restart(before, model);
    (await model.nth(0)).say('At last.').finish();
    await eventually(async () => expect(await store.conversations.getTurn('hard')).toMatchObject({ attempts: 3, state: 'answered', end: { answer: 'At last.' } }));
  });

  test('are not spent by a part that restarts while the turn is opened', async () => {
    const model = new ScriptedModel();
    const { sessions, store, kernel } = await startConversations({ models: [model] });
    kernel.kill('rag-agent');
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One.').finish();
    expect(await store.conversations.getTurn((await answer).turn)).toMatchObject({ attempts: 1, state: 'answered' });
  });
});

describe('a turn that is found after a restart', () => {
  test('ends as expired when it is older than a quarter of an hour', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    await leaveTurn(before.store, 'old', { attempts: 1, ageMs: 15.1 * 60_000 });
    await leaveTurn(before.store, 'young', { attempts: 1, ageMs: 14 * 60_000 });
    const { store } = await restart(before, model);
    (await model.nth(0)).say('In time.').finish();
    const old = { state: 'failed', attempts: 1, error: { code: 'TURN_EXPIRED', retryable: true } };
    await eventually(async () => expect(await store.conversations.getTurn('old')).toMatchObject(old));
    await eventually(async () => expect(await store.conversations.getTurn('young')).toMatchObject({ state: 'answered', attempts: 2 }));
    expect(model.streams).toHaveLength(1);
  });

  test('is cancelled like any other', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    await leaveTurn(before.store, 'left', { attempts: 1 });
    const { sessions } = await restart(before, model);
    await model.nth(0);
    expect((await sessions.cancel('s', 'left')).end).toMatchObject({ finish: 'cancelled', answer: '' });
  });

  test('is counted once for each death of all sessions', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, store } = await startConversations({ models: [model] });
    const { turn } = await sessions.ask('s', ask('1'));
    await model.nth(0);
    kernel.kill(SESSIONS);
    await eventually(async () => expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 2 }));
  });
});
