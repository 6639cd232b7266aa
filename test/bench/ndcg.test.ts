import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ndcg } from '../../bench/retrieval/ndcg.ts';

const METRIC_CHECK = join(import.meta.dirname, '../../../shared/data/metric-check');

/** Lines of four or more columns as trec_eval reads them, by query. */
function readByQuery(file: string): Map<string, string[][]> {
  const lines = readFileSync(join(METRIC_CHECK, file), 'utf8').trim().split('\n').map((line) => line.trim().split(/\s+/));
  return Map.groupBy(lines, ([query = '']) => query);
}

function meanNdcg(year: string): number {
  const runs = readByQuery(`${year}.bm25.run.txt`);
  const scores = [...readByQuery(`${year}.qrels.txt`)].flatMap(([query, rows]) => {
    const judgments = new Map(rows.map(([, , id = '', grade = '']) => [id, Number(grade)]));
    const hits = (runs.get(query) ?? []).toSorted((a, b) => Number(b[4]) - Number(a[4]));
    return ndcg(hits.map(([, , id = '']) => id), judgments, 10) ?? [];
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

describe('ndcg', () => {
  test('is 1 for the ideal order, less for any other, undefined without a positive judgment', () => {
    const judgments = new Map([['a', 2], ['b', 1], ['c', 0]]);
    expect(ndcg(['a', 'b', 'c'], judgments, 10)).toBe(1);
    expect(ndcg(['b', 'a'], judgments, 10)).toBeCloseTo((1 + 2 / Math.log2(3)) / (2 + 1 / Math.log2(3)));
    expect(ndcg(['c'], new Map([['c', 0]]), 10)).toBeUndefined();
  });

  test.skipIf(!existsSync(METRIC_CHECK)).for([['dl19', 0.5058], ['dl20', 0.4796]] as const)('of %s is the published %f', ([year, published]) => {
    expect(meanNdcg(year)).toBeCloseTo(published, 3);
  });
});
