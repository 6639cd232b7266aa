import { describe, expect, test } from 'vitest';
import { LogPosition } from '#src/client/log-position.ts';

const BEYOND_THE_LOG = 999_999_999_999_999;

function positionAt(seq: number): LogPosition {
  const position = new LogPosition(undefined);
  position.begin({ last_seq: seq, resumed: false }, true);
  return position;
}

describe('the position in a log', () => {
  test('takes each number once, and comes back behind the last', () => {
    const position = positionAt(0);
    expect([1, 2, 2, 1, 3].map((seq) => position.take({ seq }))).toEqual(['fresh', 'fresh', 'known', 'known', 'fresh']);
    expect(position.after).toBe(3);
  });

  test('takes a delta that stands for several as all of them', () => {
    const position = positionAt(4);
    expect(position.take({ seq: 9, from: 5 })).toBe('fresh');
    expect(position.take({ seq: 7 })).toBe('known');
    expect(position.take({ seq: 10 })).toBe('fresh');
  });

  test('notices a hole and stays before it', () => {
    const position = positionAt(4);
    expect(position.take({ seq: 6 })).toBe('gap');
    expect(position.take({ seq: 9, from: 6 })).toBe('gap');
    expect(position.after).toBe(4);
  });

  test('asks for a snapshot where a delta overlaps what it has', () => {
    const position = positionAt(4);
    expect(position.take({ seq: 6, from: 3 })).toBe('gap');
    expect(position.after).toBe(BEYOND_THE_LOG);
  });

  test('of who never was there is none, and of who missed nothing is where the log was', () => {
    const position = new LogPosition(undefined);
    expect(position.after).toBeUndefined();
    position.begin({ last_seq: 7, resumed: true }, false);
    expect(position.take({ seq: 5 })).toBe('fresh');
    expect(position.after).toBe(5);
    const idle = new LogPosition(undefined);
    idle.begin({ last_seq: 7, resumed: true }, false);
    idle.caughtUp();
    expect(idle.after).toBe(7);
  });

  test('jumps with a log that could not resume, and with one that was lost', () => {
    const position = positionAt(4);
    position.begin({ last_seq: 1000, resumed: false }, false);
    position.takeSnapshot();
    expect(position.take({ seq: 1001 })).toBe('fresh');
    position.takeSnapshot();
    expect(position.after).toBe(BEYOND_THE_LOG);
    expect(position.take({ seq: 5000 })).toBe('fresh');
  });
});
