import { expect, test } from 'vitest';
import { EventRing } from '#src/telemetry/capsules/event-ring.ts';

test('a ring holds the last 32 events, oldest first', () => {
  let now = 0;
  const ring = new EventRing(() => (now += 1));
  expect(ring.list()).toEqual([]);
  ring.add('first', { turn: 't' });
  expect(ring.list()).toEqual([{ at: '1970-01-01T00:00:00.001Z', event: 'first', turn: 't' }]);
  for (let at = 2; at <= 40; at += 1) ring.add(`e${at}`);
  expect(ring.list().map(({ event }) => event)).toEqual(Array.from({ length: 32 }, (_, at) => `e${at + 9}`));
});
