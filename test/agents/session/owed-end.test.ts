import { describe, expect, test } from 'vitest';
import { sessionName } from '#agents/session/session.agent.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { fillUp, makeRoom, mountSmallDisk } from '../../support/small-disk.ts';
import { startConversations, watchSession } from '../../support/start-conversations.ts';

const NO_DISK = 'this machine does not let us mount a disk';
const ask = { id: '1', question: 'Question 1?', options: {} };

/** A session whose running turn was told its end while the disk was full. Undefined where the machine lets us mount no disk. */
async function owing() {
  const dataDir = mountSmallDisk(8);
  if (dataDir === undefined) return undefined;
  const model = new ScriptedModel();
  const service = await startConversations({ models: [model], dataDir });
  const seen = await watchSession(service.kernel, 's');
  const answer = service.sessions.answer('s', ask);
  const stream = (await model.nth(0)).say('one ');
  await eventually(() => expect(seen).toContain('answer-start'));
  fillUp(dataDir);
  stream.say('two '.repeat(3000)).finish();
  const told = await answer;
  expect(told.outcome).toMatchObject({ state: 'failed', error: { code: 'STORE_FULL' } });
  return { ...service, model, seen, told };
}

const endsOf = (seen: readonly string[]): readonly string[] => seen.filter((frame) => frame === 'accepted' || frame.startsWith('answer-e'));

describe('a turn whose end could not be written', () => {
  test('has ended for who asks for it again, or cancels it', async (context) => {
    const session = await owing();
    if (session === undefined) return context.skip(NO_DISK);
    const { sessions, store, dataDir, seen, told } = session;
    expect(await sessions.ask('s', ask)).toEqual({ turn: told.turn, repeated: true });
    expect(await sessions.answer('s', ask)).toEqual(told);
    await expect(sessions.cancel('s', told.turn)).rejects.toMatchObject({ code: 'TURN_ENDED' });
    makeRoom(dataDir);
    await eventually(async () => expect(await store.conversations.unfinishedTurns()).toEqual([]));
    expect(endsOf(seen)).toEqual(['accepted', 'answer-error STORE_FULL']);
  });

  test('has that end alone when its session dies before there is room', async (context) => {
    const session = await owing();
    if (session === undefined) return context.skip(NO_DISK);
    const { sessions, kernel, store, dataDir, seen, told, model } = session;
    kernel.kill(sessionName('s'));
    makeRoom(dataDir);
    await sessions.open('s');
    await eventually(async () => expect(await store.conversations.getTurn(told.turn)).toMatchObject({ state: 'failed', error: { code: 'STORE_FULL' } }));
    expect(endsOf(seen)).toEqual(['accepted', 'answer-error STORE_FULL']);
    expect(model.streams).toHaveLength(1);
  });
});
