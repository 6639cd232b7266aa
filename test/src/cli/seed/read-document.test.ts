import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDocument } from '#src/cli/seed/read-document.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const isRoot = process.getuid?.() === 0;

function read(name: string, content: string | Buffer | undefined, maxBytes = 100) {
  const cwd = temporaryDirectory();
  if (content !== undefined) writeFileSync(join(cwd, name), content);
  return { cwd, result: readDocument(name, { cwd, source: 'docs', maxBytes }) };
}

async function reasonFor(name: string, content: string | Buffer | undefined): Promise<string> {
  const result = await read(name, content).result;
  return result.ok ? 'none' : result.reason;
}

describe('readDocument', () => {
  test('gives the path as id, the first heading as title, the source as metadata', async () => {
    expect(await read('a.md', '# Trees\n\nA banyan.').result).toEqual({
      ok: true,
      document: { id: 'a.md', text: '# Trees\n\nA banyan.', uri: 'a.md', title: 'Trees', metadata: { source: 'docs', path: 'a.md' } },
    });
  });

  test('without a heading the title is the name of the file', async () => {
    const result = await read('getting-started.md', 'No heading.').result;
    expect(result.ok && result.document.title).toBe('getting-started');
  });

  test('a byte order mark is no text', async () => {
    const result = await read('a.md', '\ufeff# Trees').result;
    expect(result.ok && result.document.text).toBe('# Trees');
  });

  test('what is no document has its reason', async () => {
    expect(await reasonFor('a.md', '')).toBe('is empty');
    expect(await reasonFor('a.md', ' \n\t ')).toBe('is empty');
    expect(await reasonFor('a.md', Buffer.from([0x41, 0xff, 0xfe]))).toBe('is not UTF-8 text');
    expect(await reasonFor('a.md', 'x'.repeat(101))).toBe('is too large: 101 bytes, at most 100 (BANYAN_MAX_DOCUMENT_BYTES)');
    expect(await reasonFor('absent.md', undefined)).toBe('is not there');
  });

  test('the limit itself is not too large', async () => {
    expect(await reasonFor('a.md', 'x'.repeat(100))).toBe('none');
  });

  test('a directory and a pipe are not read', async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'd.md'));
    execFileSync('mkfifo', [join(cwd, 'pipe.md')]);
    const options = { cwd, source: 'docs', maxBytes: 100 };
    expect(await readDocument('d.md', options)).toEqual({ ok: false, reason: 'is a directory' });
    expect(await readDocument('pipe.md', options)).toEqual({ ok: false, reason: 'is not a regular file' });
  });

  test.skipIf(isRoot)('a file without permission is not read', async () => {
    const { cwd } = read('a.md', 'text');
    chmodSync(join(cwd, 'a.md'), 0);
    expect(await readDocument('a.md', { cwd, source: 'docs', maxBytes: 100 })).toEqual({ ok: false, reason: 'cannot be read: permission denied' });
  });
});
