import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { packageRoot, workerUrl } from '#src/locations.ts';

describe('locations', () => {
  test("the package's root holds its package.json", () => {
    expect(existsSync(new URL('package.json', packageRoot))).toBe(true);
  });

  test('a worker is found beside its sources', () => {
    expect(existsSync(workerUrl('store/conversations.worker'))).toBe(true);
  });
});
