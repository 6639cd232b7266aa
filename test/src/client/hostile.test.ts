import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer, AnswerEnd, AnswerEvent, WebSocketConstructor } from '#src/client/api.ts';
import { connect } from '#src/client/client.ts';
import { textOf } from './connect-client.ts';
import { REST } from './scripted-turn.ts';

type Listener = (event: { readonly data: unknown; readonly code: number; readonly reason: string }) => void;

/** Mostly the number behind the last one. */
const jump = fc.constantFrom(...Array.from({ length: 20 }, () => 1), 0, 2, -3);
const about = fc.constantFrom({ id: 'a', turn: 't1' }, { id: 'b', turn: 't2' }, { id: 'a', turn: 't2' });
const turn = about.map((both) => both.turn);
const text = fc.constantFrom('', 'one ', 'two ');
const answer = fc.constantFrom('', 'one ', 'one two ', 'two ');
const error = fc.record({ code: fc.constantFrom('DRAINING', 'OVERLOADED', 'TURN_ENDED'), message: text, retryable: fc.boolean() });
const snapshotTurn = fc.tuple(about, fc.record({ question: text, state: fc.constant('running'), text: answer, sources: fc.constant([]) }));

const logged = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(about, fc.record({ type: fc.constant('accepted'), question: text })).map(([both, rest]) => ({ ...both, ...rest })) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sources'), turn, sources: fc.constant([]) }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('answer-delta'), turn, text }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('answer-end'), turn, answer }).map((end) => ({ ...REST, ...end })) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('answer-error'), turn, error }) },
);
const unlogged = fc.oneof(
  fc.record({ type: fc.constant('ready'), session: fc.constantFrom('s1', 's2'), last_seq: fc.nat(9), resumed: fc.boolean() }),
  fc.record({ type: fc.constant('status'), turn, stage: text }),
  fc.record({ type: fc.constant('snapshot'), turns: fc.array(snapshotTurn.map(([both, rest]) => ({ ...both, ...rest })), { maxLength: 2 }) }),
  fc.record({ type: fc.constant('error'), error }),
  fc.tuple(about, error).map(([both, refusal]) => ({ type: 'error', id: both.id, error: refusal })),
  fc.record({ type: fc.constant('error'), turn, error }),
);
const step = fc.oneof(
  { weight: 60, arbitrary: fc.record({ logged, jump }) },
  { weight: 3, arbitrary: fc.record({ unlogged }) },
  { weight: 1, arbitrary: fc.record({ close: fc.constantFrom(1000, 1006, 1008, 1009, 1012, 1013, 4404), resumed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ cancel: fc.nat(1) }) },
);

/** A connection whose other side says what the test says. */
class Line {
  static open = new Line();
  readonly #listeners = new Map<string, Listener[]>();
  readyState = 1;

  constructor() {
    Line.open = this;
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(json: string): void {
    if (json === '{"type":"ping"}') this.say({ type: 'pong' });
  }

  close(code = 1000): void {
    if (this.readyState === 1) this.#tell('close', { code });
    this.readyState = 3;
  }

  say(frame: object): void {
    this.#tell('message', { data: JSON.stringify(frame) });
  }

  #tell(type: string, event: Partial<Parameters<Listener>[0]>): void {
    for (const listener of this.#listeners.get(type) ?? []) listener({ data: '', code: 0, reason: '', ...event });
  }
}

async function outcomeOf(asked: Answer): Promise<{ readonly events: readonly AnswerEvent[]; readonly end: AnswerEnd | undefined }> {
  const events: AnswerEvent[] = [];
  const read = async (): Promise<void> => {
    for await (const event of asked) events.push(event);
  };
  const [reading, ending] = await Promise.allSettled([read(), asked.end()]);
  expect(reading.status).toBe(ending.status);
  return { events, end: ending.status === 'fulfilled' ? ending.value : undefined };
}

test('whatever a service says in whatever order, each answer ends once, its events make its text, and close ends what is left', async () => {
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const banyan = connect({ url: 'http://127.0.0.1', WebSocket: Line as unknown as WebSocketConstructor });
      const answers = ['a', 'b'].map((id) => banyan.ask('What?', { id }));
      const outcomes = answers.map(outcomeOf);
      let seq = 0;
      Line.open.say({ type: 'ready', session: 's1', last_seq: seq, resumed: false });
      for (const one of steps) {
        if ('logged' in one) Line.open.say({ ...one.logged, seq: (seq = Math.max(0, seq + one.jump)) });
        else if ('unlogged' in one) Line.open.say(one.unlogged);
        else if ('cancel' in one) answers[one.cancel]?.cancel();
        else Line.open.close(one.close);
        if (banyan.status.state !== 'waiting') continue;
        banyan.reconnect();
        Line.open.say({ type: 'ready', session: 's1', last_seq: seq, resumed: 'resumed' in one && one.resumed });
      }
      banyan.close();
      for (const { events, end } of await Promise.all(outcomes)) {
        expect(events.filter(({ type }) => type === 'end')).toHaveLength(end === undefined ? 0 : 1);
        expect(events.filter(({ type }) => type === 'accepted').length).toBeLessThanOrEqual(1);
        expect(textOf(events)).toBe(end?.answer ?? textOf(events));
        ended += end === undefined ? 0 : 1;
      }
      expect(banyan.status.state).toBe('ended');
    }),
    { numRuns: 500 },
  );
  expect(ended).toBeGreaterThan(100);
});
