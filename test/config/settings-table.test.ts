import { describe, expect, test } from 'vitest';
import { renderSettingsTable } from '#config/settings-table.ts';
import { SETTINGS } from '#config/schema.ts';

describe('renderSettingsTable', () => {
  const lines = renderSettingsTable().split('\n');

  test('has a row of five cells for every setting', () => {
    const names = lines.slice(2).map((line) => /^\| `(\w+)`/.exec(line)?.[1]);
    expect(names.toSorted()).toEqual(Object.values(SETTINGS).map((setting) => setting.env).toSorted());
    expect(lines.filter((line) => line.split(/(?<!\\)\|/).length !== 7)).toEqual([]);
  });

  test('shows default, range, unit, tier and aliases', () => {
    expect(lines.find((line) => line.includes('BANYAN_CACHE_TTL_MS'))).toBe(
      '| `BANYAN_CACHE_TTL_MS` | `3600000` | an integer from 0 to 604800000 ms | service | ' +
        'Life of a cached answer. 0 caches nothing. Also read from `CACHE_TTL_SECONDS` (seconds). |',
    );
  });

  test('goes from what everyone sets to what few need', () => {
    const tiers = lines.slice(2).map((line) => line.split(' | ')[3]);
    expect([...new Set(tiers)]).toEqual(['primary', 'service', 'tuning']);
    expect(tiers).toEqual(tiers.toSorted());
  });
});
