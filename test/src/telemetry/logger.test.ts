import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '#src/errors.ts';
import type { LoggingOptions } from '#src/telemetry/logger.ts';
import { createLogging } from '#src/telemetry/logger.ts';

async function logging(options: Partial<LoggingOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const loggerFor = await createLogging({ level: 'info', isPretty: false, destination, ...options });
  return { loggerFor, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('createLogging', () => {
  test('a line is one JSON object with timestamp, level, target and message', async () => {
    const { loggerFor, lines, parsed } = await logging();
    loggerFor('rag').info({ query: 'What is Elixir?', latency_ms: 3, cache_hit: true, sources: 5 }, 'Query processed');
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(parsed()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        level: 'info',
        target: 'rag',
        message: 'Query processed',
        query: 'What is Elixir?',
        latency_ms: 3,
        cache_hit: true,
        sources: 5,
      },
    ]);
  });

  test('lines below the level are left out', async () => {
    const { loggerFor, parsed } = await logging({ level: 'warn' });
    loggerFor('rag').info('not this');
    loggerFor('rag').warn('this');
    expect(parsed()).toMatchObject([{ level: 'warn', message: 'this' }]);
  });

  test('an error has its code, details and cause', async () => {
    const { loggerFor, parsed } = await logging();
    const error = new ServiceError('STORE_FULL', 'no space', { cause: new Error('ENOSPC'), details: [{ field: 'data' }] });
    loggerFor('store').error({ error }, 'write failed');
    expect(parsed()).toMatchObject([
      { message: 'write failed', error: { code: 'STORE_FULL', details: [{ field: 'data' }], stack: expect.stringContaining('ENOSPC') as string } },
    ]);
  });

  test('no secret of a line is written, wherever it stands', async () => {
    const { loggerFor, lines } = await logging();
    const logger = loggerFor('gateway').child({ session: 's1' });
    logger.info({ headers: { Authorization: 'Bearer hunter2', 'sec-websocket-protocol': 'banyan.v1, bearer.hunter2' } });
    logger.info({ apiKey: 'hunter2', request: { options: [{ headers: { cookie: 'hunter2' } }] } });
    logger.error({ error: Object.assign(new Error('refused'), { config: { headers: { 'x-api-key': 'hunter2' } } }) });
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines.join('')).toContain('[secret]');
  });

  test('on a terminal a line is text with target and message', async () => {
    const { loggerFor, lines } = await logging({ isPretty: true });
    loggerFor('gateway').info('listening on http://127.0.0.1:4000');
    expect(lines.join('')).toMatch(/INFO.*gateway: listening on http:\/\/127\.0\.0\.1:4000/);
  });

  test('lines written just before an exit are not lost', () => {
    const program = `
      const { createLogging } = await import('#src/telemetry/logger.ts');
      const logger = (await createLogging({ level: 'info', isPretty: false }))('test');
      for (let line = 0; line < 500; line++) logger.info({ line }, 'x'.repeat(200));
      process.exit(0);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(stdout.trim().split('\n')).toHaveLength(500);
  });
});
