import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test("the page's modules fit the client and its frames, by their JSDoc types", { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)('npx', ['--no-install', 'tsc', '-p', 'test/src/web/page.tsconfig.json']).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});
