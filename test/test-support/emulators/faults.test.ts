import { describe, expect, test } from 'vitest';
import { createFaults } from '../../support/emulators/faults.ts';

function draw(options: { readonly faultShare: number; readonly seed: number }, count: number) {
  const next = createFaults(options);
  return Array.from({ length: count }, () => next());
}

describe('createFaults', () => {
  test('gives the same faults for the same seed and others for another', () => {
    const first = draw({ faultShare: 0.2, seed: 7 }, 200);
    expect(draw({ faultShare: 0.2, seed: 7 }, 200)).toEqual(first);
    expect(draw({ faultShare: 0.2, seed: 8 }, 200)).not.toEqual(first);
  });

  test('lets the asked share of requests fail', () => {
    const faults = draw({ faultShare: 0.2, seed: 1 }, 5000).filter((fault) => fault !== undefined);
    expect(faults.length / 5000).toBeCloseTo(0.2, 1);
  });

  test('fails in every way, and never by a block', () => {
    const text = JSON.stringify(draw({ faultShare: 1, seed: 1 }, 500));
    for (const way of ['internal', '<html>', 'unavailable', 'throttled', 'cutAtShare', 'endAtShare', 'garbage', '"hang":"connect"', '"hang":"headers"', '"hang":"body"', 'chunkBytes']) {
      expect(text).toContain(way);
    }
    expect(text).not.toContain('blocked');
  });

  test('lets nothing fail when it is not asked to', () => {
    expect(draw({ faultShare: 0, seed: 1 }, 100).every((fault) => fault === undefined)).toBe(true);
  });

  test('refuses a share that is none', () => {
    expect(() => createFaults({ faultShare: 20 })).toThrow(TypeError);
  });
});
