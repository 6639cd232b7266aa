import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maximalMarginalRelevance } from '#src/rag/mmr.ts';

const ALIKE = () => 1;
const unlike = () => 0;
const firstTwoAlike = (one: number, other: number) => (one + other === 1 ? 1 : 0);

describe('maximalMarginalRelevance', () => {
  test('of nothing picks nothing', () => {
    expect(maximalMarginalRelevance({ relevance: [], similarity: ALIKE, lambda: 0.5 })).toEqual([]);
  });

  test('with lambda 1 is the order of relevance, equal ones in their order', () => {
    const picks = maximalMarginalRelevance({ relevance: [0.2, 0.9, 0.2, 0.5], similarity: ALIKE, lambda: 1 });
    expect(picks.map(({ index }) => index)).toEqual([1, 3, 0, 2]);
  });

  test('puts a copy of a better candidate behind a different one', () => {
    const picks = maximalMarginalRelevance({ relevance: [0.9, 0.9, 0.7], similarity: firstTwoAlike, lambda: 0.7 });
    expect(picks.map(({ index }) => index)).toEqual([0, 2, 1]);
  });

  test('candidates that have nothing in common keep the order of relevance', () => {
    const picks = maximalMarginalRelevance({ relevance: [0.1, 0.3, 0.2], similarity: unlike, lambda: 0.1 });
    expect(picks.map(({ index }) => index)).toEqual([1, 2, 0]);
  });

  test('picks every candidate once, with scores that never rise', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(share, share), { maxLength: 30 }), share, (candidates, lambda) => {
        const similarity = (one: number, other: number) => 1 - Math.abs((candidates[one]?.[1] ?? 0) - (candidates[other]?.[1] ?? 0));
        const picks = maximalMarginalRelevance({ relevance: candidates.map(([relevance]) => relevance), similarity, lambda });
        expect(picks.map(({ index }) => index).sort((a, b) => a - b)).toEqual(candidates.map((_, index) => index));
        for (const [place, { score }] of picks.entries()) expect(score).toBeLessThanOrEqual(picks[place - 1]?.score ?? Infinity);
      }),
    );
  });

  test('asks the similarity of each pair once', () => {
    const asked: string[] = [];
    const similarity = (one: number, other: number) => {
      asked.push([one, other].sort().join());
      return 0;
    };
    maximalMarginalRelevance({ relevance: [1, 2, 3, 4], similarity, lambda: 0.5 });
    expect(asked).toHaveLength(6);
    expect(new Set(asked).size).toBe(6);
  });
});
