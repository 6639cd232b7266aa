import { describe, expect, test } from 'vitest';
import { DecayingRate } from '#agents/governor/decaying-rate.ts';

function steady(rate: DecayingRate, perSecond: number, fromMs: number, toMs: number): void {
  for (let now = fromMs; now < toMs; now += 1000 / perSecond) rate.add(now);
}

describe('a decaying rate', () => {
  test.for([1000, 3000, 60_000])('tells a steady rate, also before the first window is over: after %d ms', (ms) => {
    const rate = new DecayingRate(5000);
    steady(rate, 100, 0, ms);
    expect(rate.perSecond(ms)).toBeGreaterThan(95);
    expect(rate.perSecond(ms)).toBeLessThan(105);
  });

  test('follows a change within two windows, and silence', () => {
    const rate = new DecayingRate(5000);
    steady(rate, 100, 0, 20_000);
    steady(rate, 10, 20_000, 35_000);
    expect(rate.perSecond(35_000)).toBeLessThan(16);
    expect(rate.perSecond(100_000)).toBeLessThan(0.01);
  });

  test('begins anew after silence', () => {
    const rate = new DecayingRate(5000);
    rate.add(0);
    steady(rate, 100, 100_000, 101_000);
    expect(rate.perSecond(101_000)).toBeGreaterThan(95);
  });

  test('nothing is no rate', () => {
    expect(new DecayingRate(5000).perSecond(0)).toBe(0);
  });
});
