import { describe, expect, test } from 'vitest';
import { whenFrameLog } from '#agents/frames/frames.agent.ts';
import { sessionName } from '#agents/session/session.agent.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { startConversations, watchSession } from '../../support/start-conversations.ts';

const ask = (id: string) => ({ id, question: `Question ${id}?`, options: {} });

describe('a session that comes back', () => {
  test('answers what it had accepted before what it is asked meanwhile', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    for (const id of ['1', '2', '3', '4']) await sessions.ask('s', ask(id));
    await model.nth(0);
    kernel.kill(sessionName('s'));
    await sessions.ask('s', ask('5'));
    // The query of the first runs on, and its turn joins it again.
    const asked: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const stream = await model.nth(index);
      asked.push(stream.request.question);
      stream.say('Answered.').finish();
    }
    expect(asked).toEqual(['1', '2', '3', '4', '5'].map((id) => ask(id).question));
  });

  test('takes a cancel that its predecessor died with', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel } = await startConversations({ models: [model] });
    const { turn } = await sessions.ask('s', ask('1'));
    await model.nth(0);
    const cancelled = sessions.cancel('s', turn);
    kernel.kill(sessionName('s'));
    expect(await cancelled).toMatchObject({ turn, end: { finish: 'cancelled' } });
  });

  test('sends no word of a kept answer that its predecessor has sent', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, store } = await startConversations({ models: [model] });
    const kept = sessions.answer('n', ask('1'));
    (await model.nth(0)).say('Kept.').finish();
    expect((await kept).outcome).toMatchObject({ end: { degraded: [], finish: 'stop' } });
    const seen = await watchSession(kernel, 's');
    await kernel.supervisor('rag').terminateChild('rag-agent');
    const { turn } = await sessions.ask('s', ask('1'));
    kernel.kill(sessionName('s'));
    await eventually(async () => expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 2 }));
    await kernel.supervisor('rag').restartChild('rag-agent');
    await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
    expect(seen.filter((frame) => frame.startsWith('answer-delta'))).toEqual(['answer-delta Kept.']);
  });
});

test('a session that comes back to a query that its predecessor joins at the same time gets each word once', async () => {
  const model = new ScriptedModel();
  const { sessions, kernel, store } = await startConversations({ models: [model] });
  const other = sessions.answer('n', ask('1'));
  const stream = (await model.nth(0)).say('One');
  const seen = await watchSession(kernel, 's');
  await kernel.supervisor('rag').terminateChild('rag-agent');
  const { turn } = await sessions.ask('s', ask('1'));
  kernel.kill(sessionName('s'));
  await eventually(async () => expect(await store.conversations.getTurn(turn)).toMatchObject({ attempts: 2 }));
  await kernel.supervisor('rag').restartChild('rag-agent');
  await eventually(() => expect(seen).toContain('answer-delta One'));
  stream.say(' two.').finish();
  await other;
  await eventually(() => expect(seen.at(-1)).toBe('answer-end'));
  expect(seen.filter((frame) => frame.startsWith('answer-delta'))).toEqual(['answer-delta One', 'answer-delta  two.']);
});

describe('a turn that is on disk although its asker was refused', () => {
  test('is answered with all its frames when it is asked again', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, store } = await startConversations({ models: [model] });
    (await whenFrameLog(kernel)).begin('s');
    const seen = await watchSession(kernel, 's');
    const first = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('One.').finish();
    await first;
    await store.conversations.acceptTurn({ id: 'lost', session: 's', askId: '2', question: ask('2').question, options: {}, acceptedAt: Date.now() });
    seen.length = 0;
    expect(await sessions.ask('s', ask('2'))).toEqual({ turn: 'lost', repeated: true });
    (await model.nth(1)).say('Two.').finish();
    await eventually(() => expect(seen.filter((frame) => !frame.startsWith('status'))).toEqual(['accepted', 'sources', 'answer-start', 'answer-delta Two.', 'answer-end']));
  });
});
