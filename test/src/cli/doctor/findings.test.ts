import { describe, expect, test } from 'vitest';
import { describeDisk } from '#src/cli/doctor/check-data.ts';
import { checkNode } from '#src/cli/doctor/check-node.ts';
import { describeHealth } from '#src/cli/doctor/check-service.ts';
import { renderFindings } from '#src/cli/doctor/finding.ts';

describe('checkNode', () => {
  test.for([
    ['24.11.0', 'ok'],
    ['24.10.9', 'fail'],
    ['25.0.0', 'ok'],
    ['18.20.8', 'fail'],
  ] as const)('version %s is %s where 24.11 is needed', ([running, status]) => {
    expect(checkNode(running, '>=24.11').status).toBe(status);
  });
});

describe('describeDisk', () => {
  test.for([
    [50 * 1024 ** 2, 'fail', '50 MiB free'],
    [500 * 1024 ** 2, 'warn', '500 MiB free'],
    [3.5 * 1024 ** 3, 'ok', '3.5 GiB free'],
  ] as const)('%i bytes are %s', ([bytes, status, message]) => {
    expect(describeDisk(bytes)).toMatchObject({ status, message });
  });
});

describe('describeHealth', () => {
  const url = new URL('http://127.0.0.1:4000/');
  const health = { version: '1.2.3', uptime_seconds: 300, components: { store: 'up', cache: 'down' } };

  test('names the parts that are not up', () => {
    expect(describeHealth(url, { ...health, status: 'degraded' })).toMatchObject({
      status: 'warn',
      message: 'http://127.0.0.1:4000 is served by Banyan 1.2.3, degraded, up for 5 min: cache is down',
    });
  });

  test('a critical service is a failure, a healthy one none', () => {
    expect([describeHealth(url, { ...health, status: 'critical' }).status, describeHealth(url, { ...health, status: 'healthy' }).status]).toEqual(['fail', 'ok']);
  });
});

describe('renderFindings', () => {
  test('gives one line for each', () => {
    const findings = [
      { status: 'ok', subject: 'node', message: 'version 24' },
      { status: 'fail', subject: 'settings', message: 'a\nb', advice: 'correct it' },
    ] as const;
    expect(renderFindings(findings, { hasColor: false })).toEqual(['ok    node      version 24', 'fail  settings  a; b; correct it']);
  });
});
