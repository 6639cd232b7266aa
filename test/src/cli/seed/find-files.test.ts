import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findFiles } from '#src/cli/seed/find-files.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

function folder(...paths: string[]): string {
  const root = temporaryDirectory();
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), 'text');
  }
  return root;
}

describe('findFiles', () => {
  test('gives each file once, by its relative path, however many patterns match it', async () => {
    const root = folder('docs/a.md', 'docs/deep/er/b.md', 'docs/c.txt', 'other/d.md');
    const patterns = ['docs/**/*.md', './docs/a.md', `${root}/docs/*.md`, 'docs/../docs/a.md', 'other/*'];
    expect(await findFiles(patterns, root)).toEqual({ paths: ['docs/a.md', 'docs/deep/er/b.md', 'other/d.md'], failures: [] });
  });

  test('a file outside the working directory is named from there', async () => {
    const root = folder('docs/a.md', 'work/x');
    expect((await findFiles(['../docs/*.md'], join(root, 'work'))).paths).toEqual(['../docs/a.md']);
  });

  test('a path that exists is taken as it is written', async () => {
    const root = folder('docs/[draft] (1).md', 'docs/d.md');
    expect((await findFiles(['docs/[draft] (1).md'], root)).paths).toEqual(['docs/[draft] (1).md']);
  });

  test('a pattern without a match is named', async () => {
    const root = folder('docs/a.md');
    const found = await findFiles(['docs/*.md', 'dcos/*.md', ''], root);
    expect(found.paths).toEqual(['docs/a.md']);
    expect(found.failures).toEqual([{ path: 'dcos/*.md', reason: 'matches no file' }, { path: '', reason: 'matches no file' }]);
  });

  test('a directory in place of a file is named', async () => {
    const root = folder('docs/a.md', 'docs/not-a-file.md/b.md');
    const { paths, failures } = await findFiles(['docs/*.md', 'docs'], root);
    expect(paths).toEqual(['docs/a.md']);
    expect(failures).toEqual([
      { path: 'docs/not-a-file.md', reason: "is a directory; name its files: 'docs/not-a-file.md/**/*.md'" },
      { path: 'docs', reason: "is a directory; name its files: 'docs/**/*.md'" },
    ]);
  });

  test('a directory among all names is no failure', async () => {
    const root = folder('docs/a.md', 'docs/deep/b.md');
    for (const pattern of ['docs/**', 'docs/**/*']) {
      expect(await findFiles([pattern], root)).toEqual({ paths: ['docs/a.md', 'docs/deep/b.md'], failures: [] });
    }
  });
});
