import { describe, expect, test } from 'vitest';
import { SESSIONS, sessionName } from '#agents/session/session.agent.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { startConversations, watchSession } from '../../support/start-conversations.ts';

const ask = (id: string, question = `Question ${id}?`) => ({ id, question, options: {} });

describe('session', () => {
  test('a question goes its way: accepted, sources, start, deltas, end', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One').say(' two.').finish();
    const { turn, outcome } = await answer;
    expect(outcome).toMatchObject({ state: 'answered', end: { answer: 'One two.', finish: 'stop', cache_hit: false } });
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen).toEqual(['accepted', 'status retrieving', 'status generating', 'sources', 'answer-start', 'answer-delta One', 'answer-delta  two.', 'answer-end']);
    expect(turn).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('asking twice with one id is one turn', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const first = sessions.answer('s', ask('1'));
    const stream = await model.nth(0);
    const second = sessions.answer('s', ask('1'));
    const third = await sessions.ask('s', ask('1'));
    stream.say('Once.').finish();
    expect((await second).turn).toBe((await first).turn);
    expect(third).toEqual({ turn: (await first).turn, repeated: true });
    expect((await sessions.answer('s', ask('1'))).turn).toBe((await first).turn);
    expect(model.streams).toHaveLength(1);
  });

  test('asking again for the running turn does not show it as queued', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    await sessions.ask('s', ask('1'));
    const seen = await watchSession(kernel, 's');
    const stream = await model.nth(0);
    await sessions.ask('s', ask('1'));
    stream.say('One.').finish();
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen).not.toContain('status queued');
  });

  test('one id with another question is refused', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    await sessions.ask('s', ask('1', 'Why?'));
    await expect(sessions.ask('s', ask('1', 'How?'))).rejects.toMatchObject({ code: 'ASK_CONFLICT' });
  });

  test('one turn runs at a time, the others wait in the order of acceptance', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answers = ['1', '2', '3'].map((id) => sessions.answer('s', ask(id)));
    (await model.nth(0)).say('first').finish();
    (await model.nth(1)).say('second').finish();
    (await model.nth(2)).say('third').finish();
    await Promise.all(answers);
    await eventually(() => expect(seen.filter((frame) => frame.startsWith('answer-delta'))).toEqual(['answer-delta first', 'answer-delta second', 'answer-delta third']));
    expect(seen.filter((frame) => frame === 'status queued')).toHaveLength(2);
  });

  test('eight questions wait behind the running one, the tenth is refused and harms none', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const answers = Array.from({ length: 9 }, (_, index) => sessions.answer('s', ask(`${index}`)));
    await model.nth(0);
    await expect(sessions.ask('s', ask('tenth'))).rejects.toMatchObject({ code: 'OVERLOADED', isRetryable: true });
    for (let index = 0; index < 9; index += 1) (await model.nth(index)).say(`${index}`).finish();
    expect(await Promise.all(answers.map(async (answer) => (await answer).outcome.state))).toEqual(Array.from({ length: 9 }, () => 'answered'));
  });

  test('a cancel stops the model, is confirmed, and keeps what was sent', async () => {
    const model = new ScriptedModel();
    const { sessions, store, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answer = sessions.answer('s', ask('1'));
    const stream = (await model.nth(0)).say('One');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    const { turn, end } = await sessions.cancel('s');
    expect(end).toMatchObject({ answer: 'One', finish: 'cancelled' });
    expect(stream.signal.aborted).toBe(true);
    expect((await answer).outcome).toMatchObject({ end: { finish: 'cancelled' } });
    expect(await store.conversations.getTurn(turn)).toMatchObject({ state: 'answered', end: { answer: 'One', finish: 'cancelled' } });
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
  });

  test('a turn that waits is cancelled at once, without an answer, and does not run', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const first = sessions.answer('s', ask('1'));
    const stream = await model.nth(0);
    const { turn } = await sessions.ask('s', ask('2'));
    expect((await sessions.cancel('s', turn)).end).toMatchObject({ answer: '', finish: 'cancelled' });
    await expect(sessions.cancel('s', turn)).rejects.toMatchObject({ code: 'TURN_ENDED' });
    stream.say('One.').finish();
    expect((await first).outcome).toMatchObject({ end: { answer: 'One.' } });
    expect(model.streams).toHaveLength(1);
  });

  test('a cancel of what does not run is refused by name', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One.').finish();
    const { turn } = await answer;
    await expect(sessions.cancel('s', turn)).rejects.toMatchObject({ code: 'TURN_ENDED' });
    await expect(sessions.cancel('s', 'unknown')).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' });
    await expect(sessions.cancel('s')).rejects.toMatchObject({ code: 'TURN_NOT_FOUND' });
    await expect(sessions.cancel('unknown')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('a model that takes too long is stopped, and the turn ends in time with what the documents say', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model], env: { BANYAN_TURN_TIMEOUT_MS: '1500' } });
    const answer = sessions.answer('s', ask('1'));
    const stream = await model.nth(0);
    expect((await answer).outcome).toMatchObject({ state: 'answered', end: { degraded: ['model'], model: 'extractive:quotes' } });
    expect(stream.signal.aborted).toBe(true);
  });

  test('a model that fails leaves the turn to the documents, the next turn runs', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model], env: { BANYAN_PROVIDER_ATTEMPTS: '1' } });
    const answers = ['1', '2', '3'].map((id) => sessions.answer('s', ask(id)));
    (await model.nth(0)).say('half').cut();
    (await model.nth(1)).fail(new ProviderError('unavailable', model.account, 'is down'));
    (await model.nth(2)).say('fine').finish();
    const outcomes = await Promise.all(answers.map(async (answer) => (await answer).outcome));
    const quoted = { degraded: ['model'], model: 'extractive:quotes', cache_hit: false };
    const half: unknown = expect.stringMatching(/^half/);
    expect(outcomes).toMatchObject([{ end: { ...quoted, answer: half } }, { end: quoted }, { end: { answer: 'fine', degraded: [] } }]);
  });

  test('a session that was killed in mid-answer goes on with the same turn; its neighbour notices nothing', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, reports } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const neighbour = sessions.answer('n', ask('1', 'Neighbour?'));
    const other = await model.nth(0);
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(1)).say('One');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    const pids = [kernel.whereis(sessionName('n')), kernel.whereis(sessionName('s'))];
    kernel.kill(sessionName('s'));
    const again = await model.nth(1);
    again.say(' two.').finish();
    other.say('Undisturbed.').finish();
    expect((await answer).outcome).toMatchObject({ end: { answer: 'One two.' } });
    expect((await neighbour).outcome).toMatchObject({ end: { answer: 'Undisturbed.' } });
    expect(pids[1]).toBeDefined();
    expect(reports.filter(({ type }) => type === 'restart')).toMatchObject([{ child: { id: 'session', name: sessionName('s') } }]);
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen.filter((frame) => !frame.startsWith('status'))).toEqual(['accepted', 'sources', 'answer-start', 'answer-delta One', 'answer-delta  two.', 'answer-end']);
  });

  test('a query that was killed in mid-answer is asked again and no character comes twice', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    const query = kernel.tree()?.children.find(({ id }) => id === 'rag')?.children.find(({ id }) => id === 'queries')?.children[0]?.name;
    kernel.kill(query ?? '');
    (await model.nth(1)).say('One').say(' two.').finish();
    expect((await answer).outcome).toMatchObject({ end: { answer: 'One two.' } });
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen.filter((frame) => frame.startsWith('answer-'))).toEqual(['answer-start', 'answer-delta One', 'answer-delta  two.', 'answer-end']);
  });

  test('a session that dies behind its query is written to by one query alone', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One');
    await eventually(() => expect(seen).toContain('answer-delta One'));
    const query = kernel.tree()?.children.find(({ id }) => id === 'rag')?.children.find(({ id }) => id === 'queries')?.children[0]?.name;
    kernel.kill(query ?? '');
    const left = (await model.nth(1)).say('One');
    kernel.kill(sessionName('s'));
    const current = (await model.nth(2)).say('One').say(' two');
    left.say(' and more.').finish();
    await eventually(() => expect(seen).toContain('answer-delta  two'));
    current.say('.').finish();
    expect((await answer).outcome).toMatchObject({ end: { answer: 'One two.' } });
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen.filter((frame) => frame.startsWith('answer-'))).toEqual(['answer-start', 'answer-delta One', 'answer-delta  two', 'answer-delta .', 'answer-end']);
  });

  test('a turn whose queries keep dying ends as poisoned, not in a loop', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const answer = sessions.answer('s', ask('1'));
    for (let attempt = 0; attempt < 3; attempt += 1) (await model.nth(attempt)).fail(new TypeError('a bug'));
    expect((await answer).outcome).toMatchObject({ state: 'failed', error: { code: 'TURN_POISONED', retryable: false } });
    expect(model.streams).toHaveLength(3);
  });

  test('when all sessions die together their turns are found and answered', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const seen = await watchSession(kernel, 's');
    await sessions.ask('s', ask('1'));
    await model.nth(0);
    kernel.kill(SESSIONS);
    (await model.nth(0)).say('Still here.').finish();
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen).toContain('answer-delta Still here.');
  });

  test('a turn that a stopped service left is answered by the next one on the same data', async () => {
    const model = new ScriptedModel();
    const before = await startConversations({ models: [model] });
    const { turn } = await before.sessions.ask('s', ask('1'));
    await model.nth(0);
    before.kernel.kill('conversations');
    before.kernel.kill(sessionName('s'));
    before.kernel.kill('test');
    const after = await startConversations({ models: [model], dataDir: before.dataDir });
    (await model.nth(1)).say('Late.').finish();
    await eventually(async () => expect(await after.store.conversations.getTurn(turn)).toMatchObject({ state: 'answered', end: { answer: 'Late.' } }));
  });

  test('a session that nobody listens to ends with its last turn, and comes back when asked', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One.').finish();
    await answer;
    await eventually(() => expect(kernel.whereis(sessionName('s'))).toBeUndefined());
    const next = sessions.answer('s', ask('2', 'Another?'));
    (await model.nth(1)).say('Two.').finish();
    expect((await next).outcome).toMatchObject({ end: { answer: 'Two.' } });
  });

  test('while draining no question is taken', async () => {
    const { sessions } = await startConversations({ models: [new ScriptedModel()] });
    sessions.drain();
    await expect(sessions.ask('s', ask('1'))).rejects.toMatchObject({ code: 'DRAINING', isRetryable: true });
  });

  test('a model that does not exist is refused by name', async () => {
    const { sessions } = await startConversations({ models: [new ScriptedModel()] });
    await expect(sessions.ask('s', { id: '1', question: 'Why?', options: { model: 'no:such' } })).rejects.toMatchObject({ code: 'INVALID_REQUEST', details: [{ field: 'model', got: 'no:such' }] });
  });
});
