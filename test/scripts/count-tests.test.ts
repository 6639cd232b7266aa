import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

function count(report: string, ...options: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'banyan-report-'));
  const path = join(directory, 'report.json');
  writeFileSync(path, report);
  const { stdout, status } = spawnSync(process.execPath, ['.ci/count-tests.cjs', path, ...options], { encoding: 'utf8' });
  rmSync(directory, { recursive: true });
  return { stdout: stdout.trim(), status };
}

function reportOf(numFailedTests: number, testResults: object[]): string {
  return JSON.stringify({ numPassedTests: 5, numFailedTests, numPendingTests: 2, numTodoTests: 1, testResults });
}

describe('.ci/count-tests.cjs', () => {
  test('tells passed, failed and skipped', () => {
    const failed = { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] };
    expect(count(reportOf(1, [failed]))).toEqual({ stdout: '5 1 3', status: 0 });
  });

  test('counts a file that could not be loaded as one failed', () => {
    expect(count(reportOf(0, [{ status: 'failed', assertionResults: [] }])).stdout).toBe('5 1 3');
  });

  test('of a run that was cut off there is nothing', () => {
    expect(count('').stdout).toBe('0 0 0');
    expect(count('', '--any-failed').status).toBe(1);
  });

  test('--any-failed tells whether the report names a failure', () => {
    expect(count(reportOf(0, []), '--any-failed').status).toBe(1);
    expect(count(reportOf(2, []), '--any-failed').status).toBe(0);
  });
});
