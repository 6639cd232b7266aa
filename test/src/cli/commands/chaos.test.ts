import { expect, test } from 'vitest';
import { runCli } from '../../../support/run-cli.ts';

test('banyan chaos kills parts of a service and the whole of it, and no client loses anything', { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = await runCli(['chaos', '--clients', '20', '--duration', '7', '--kill-every', '250', '--process-every', '3']);
  const [head, ...lines] = stdout.split('\n');
  expect(head).toMatch(/^kind +kills +recovery p50 +p99 ms +lost +repeated +no end +two ends$/);
  expect(lines.find((line) => line.startsWith('process'))).toMatch(/^process +\d +\d+\.\d +\d+\.\d +0 +0 +0 +0$/);
  expect(lines.find((line) => line.startsWith('all'))).toMatch(/^all +\d+ +\d+\.\d +\d+\.\d +0 +0 +0 +0$/);
  expect(stderr).not.toContain('Kept');
  expect(status).toBe(0);
});

test('banyan chaos refuses numbers that are none', async () => {
  expect(await runCli(['chaos', '--clients', '0'])).toMatchObject({ status: 2, stderr: 'expected --clients to be a whole number from 1 to 2000, got: 0\n' });
});
