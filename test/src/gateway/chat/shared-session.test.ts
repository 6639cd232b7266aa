import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import type { ReceivedFrame } from '../chat-client.ts';
import { ChatClient, oneTo } from '../chat-client.ts';
import { EventReader } from '../event-reader.ts';
import { index, QUESTION } from '../rest-client.ts';

const loggedOf = (frames: readonly ReceivedFrame[]): readonly ReceivedFrame[] => frames.filter(({ seq }) => seq !== undefined);

/** What an event stream has of the log, as a socket would have got it. */
function framesOf({ events }: EventReader): readonly ReceivedFrame[] {
  return events.flatMap(({ id, data }) => (id === undefined ? [] : [data as unknown as ReceivedFrame]));
}

/** Whose frame of this type came, in the order in which they did. */
function turnsOf({ frames }: ChatClient, wanted: string): readonly (string | undefined)[] {
  return frames.flatMap(({ type, turn }) => (type === wanted ? [turn] : []));
}

async function startScripted(): Promise<{ readonly url: string; readonly model: ScriptedModel }> {
  const model = new ScriptedModel();
  const { url } = await startApplication({ models: [model] });
  await index(url);
  return { url, model };
}

describe('two devices of one session', () => {
  test('see the same frames live, whoever asks', async () => {
    const { url, model } = await startScripted();
    const phone = await ChatClient.open(url);
    const session = await phone.session();
    const laptop = await ChatClient.open(url, `?session=${session}`);
    await laptop.ofType('ready');
    const program = await EventReader.open(`${url}/sessions/${session}/events`);
    await program.until('ready');
    phone.ask('from-phone', QUESTION);
    laptop.ask('from-laptop', 'What does Banyan restart?');
    for (const nth of [0, 1]) (await model.nth(nth)).say(`answer ${nth} `).say('to all').finish();
    await Promise.all([phone, laptop].map((client) => Promise.all([client.end('from-phone'), client.end('from-laptop')])));
    expect(phone.seqs).toEqual(oneTo(phone.seqs.length));
    expect(loggedOf(laptop.frames)).toEqual(loggedOf(phone.frames));
    while (framesOf(program).length < phone.seqs.length) await program.next();
    expect(framesOf(program)).toEqual(loggedOf(phone.frames));
  });

  test('that ask at once are answered in the order of acceptance, the same on both', async () => {
    const { url, model } = await startScripted();
    const first = await ChatClient.open(url);
    const second = await ChatClient.open(url, `?session=${await first.session()}`);
    await second.ofType('ready');
    for (const n of [0, 1, 2, 3]) {
      first.ask(`first-${n}`, `What does the first supervisor ${n} watch?`);
      second.ask(`second-${n}`, `What does the second supervisor ${n} watch?`);
    }
    for (let nth = 0; nth < 8; nth += 1) (await model.nth(nth)).say('so').finish();
    for (const client of [first, second]) {
      await eventually(() => expect(turnsOf(client, 'answer-end')).toHaveLength(8));
      expect(turnsOf(client, 'answer-end')).toEqual(turnsOf(client, 'accepted'));
    }
    expect(turnsOf(second, 'accepted')).toEqual(turnsOf(first, 'accepted'));
    expect(model.streams.map(({ request }) => request.question)).toEqual(
      first.frames.flatMap(({ type, question }) => (type === 'accepted' ? [question] : [])),
    );
  });

  test('that come late catch up from the beginning of the running turn, then follow live', async () => {
    const { url, model } = await startScripted();
    const first = await ChatClient.open(url);
    const session = await first.session();
    first.ask('q1', QUESTION);
    (await model.nth(0)).say('over').finish();
    await first.end('q1');
    first.ask('q2', 'What does Banyan restart?');
    const stream = (await model.nth(1)).say('one ').say('two ');
    await first.frame(({ text }) => text?.includes('two') === true);
    const socket = await ChatClient.open(url, `?session=${session}`);
    const program = await EventReader.open(`${url}/sessions/${session}/events`);
    await Promise.all([socket.frame(({ text }) => text?.includes('two') === true), program.until('answer-delta')]);
    stream.say('three').finish();
    await Promise.all([first.end('q2'), socket.end('q2'), program.until('answer-end')]);
    const ofTurn = loggedOf(first.frames).filter(({ turn }) => turn === first.frames.findLast(({ type }) => type === 'accepted')?.turn);
    for (const frames of [loggedOf(socket.frames), framesOf(program)]) {
      expect(frames.map(({ type }) => type).filter((type) => type !== 'answer-delta')).toEqual(['accepted', 'sources', 'answer-start', 'answer-end']);
      expect(frames[0]).toEqual(ofTurn[0]);
      expect(frames.at(-1)).toEqual(ofTurn.at(-1));
      expect(frames.map(({ text }) => text ?? '').join('')).toBe('one two three');
    }
  });

  test('cannot stop what is not theirs: a turn that has ended, one of another session, one that never was', async () => {
    const { url, model } = await startScripted();
    const client = await ChatClient.open(url);
    client.ask('q1', QUESTION);
    (await model.nth(0)).say('over').finish();
    const { turn: ended } = await client.end('q1');
    const other = await ChatClient.open(url);
    other.ask('q1', 'What does Banyan restart?');
    const stream = await model.nth(1);
    const { turn: foreign } = await other.ofType('accepted');
    for (const turn of [ended, foreign, 'unknown']) client.send({ type: 'cancel', turn });
    await client.frame(({ type, turn }) => type === 'error' && turn === 'unknown');
    const refused = client.frames.flatMap(({ type, turn, error }) => (type === 'error' ? [[turn, error?.code]] : []));
    expect(new Set(refused)).toEqual(new Set([[ended, 'TURN_ENDED'], [foreign, 'TURN_NOT_FOUND'], ['unknown', 'TURN_NOT_FOUND']]));
    stream.say('undisturbed').finish();
    expect(await other.end('q1')).toMatchObject({ finish: 'stop', answer: 'undisturbed' });
  });
});
