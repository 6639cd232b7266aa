import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seedFiles } from '#src/cli/seed/seed-files.ts';
import { freePort } from '../../../support/serve-process.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

test('a service that stays away leaves every file named as not sent, after the bounded time', async () => {
  const cwd = temporaryDirectory();
  const paths = ['a.md', 'b.md'];
  for (const path of paths) writeFileSync(join(cwd, path), 'text');
  const retries: string[] = [];
  const result = await seedFiles(paths, {
    read: { cwd, source: 'docs', maxBytes: 1000 },
    send: {
      service: new URL(`http://127.0.0.1:${await freePort()}/`),
      signal: new AbortController().signal,
      giveUpAfterMs: 500,
      onRetry: ({ message }) => void retries.push(message),
    },
    onSettled: () => expect.unreachable(),
  });
  expect(result).toMatchObject({ indexed: 0, unsent: paths, stoppedBy: expect.stringContaining('No Banyan answers') as string });
  expect(retries.length).toBe(1);
});
