import { describe, expect, test } from 'vitest';
import { AdaptiveLimit } from '#agents/governor/adaptive-limit.ts';

const OPTIONS = { least: 1, firstGoal: 8, step: () => 0.1 };

function grow(limit: AdaptiveLimit, times: number, now = 0): void {
  for (let time = 0; time < times; time += 1) limit.grow(now);
}

describe('a limit that is learned', () => {
  test('is infinite until the first refusal, whatever succeeds', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    grow(limit, 100);
    expect(limit.value).toBe(Infinity);
  });

  test('goes back to a share of what was accepted', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 100, 100);
    expect(limit.value).toBeCloseTo(70);
  });

  test('further refusals of the same burst only lower it, never below the least', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 100, 99);
    limit.lower(20);
    expect(limit.value).toBeCloseTo(14);
    limit.lower(50);
    expect(limit.value).toBeCloseTo(14);
    limit.lower(0);
    expect(limit.value).toBe(1);
  });

  test('grows by one for each success up to the goal, and slowly above it', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 20, 2);
    grow(limit, 12);
    expect(limit.value).toBeCloseTo(13.4);
    grow(limit, 1);
    expect(limit.value).toBe(14);
    grow(limit, 140);
    expect(limit.value).toBeGreaterThan(14.9);
    expect(limit.value).toBeLessThan(15.1);
  });

  test('the first refusal at low use does not bind it to that use; each further one takes the goal down', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 1, 0);
    grow(limit, 7);
    expect(limit.value).toBe(8);
    limit.refuse(0, 4, 3);
    grow(limit, 4);
    expect(limit.value).toBeCloseTo(5.6);
  });

  test('grows faster the longer nothing was refused', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 20, 20);
    grow(limit, 14);
    const early = limit.value;
    grow(limit, 14, 12_000);
    const late = limit.value;
    grow(limit, 14, 30_000);
    expect(late - early).toBeGreaterThan(1);
    expect(limit.value).toBeGreaterThan(2 * late);
  });

  test('is infinite again when it is forgotten', () => {
    const limit = new AdaptiveLimit(OPTIONS);
    limit.refuse(0, 1, 0);
    limit.forget();
    expect(limit.value).toBe(Infinity);
  });
});
