import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, killServe, startServe } from '../../../support/serve-process.ts';
import { runCli, startCli } from '../../../support/run-cli.ts';
import { startApplication } from '../../../support/start-application.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const CORPUS = resolve('../shared/data/docs');
const isRoot = process.getuid?.() === 0;

function folder(files: Readonly<Record<string, string | Buffer>>): string {
  const root = temporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

function manyFiles(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`docs/${index}.md`, `# Tree ${index}\n\n${`Tree number ${index} grows. `.repeat(400)}`]));
}

async function documentsOf(url: string): Promise<{ id: string; title: string; metadata: Record<string, string> }[]> {
  const { documents } = (await (await fetch(`${url}/documents?limit=1000`)).json()) as { documents: { id: string; title: string; metadata: Record<string, string> }[] };
  return documents;
}

const DONE = /^(\d+) documents? indexed \((\d+) chunks?\), (\d+) unchanged, (\d+) failed(?:, (\d+) not sent)? in \d+\.\d s$/m;

describe('banyan seed', () => {
  test('puts the files in, by relative path, with title and metadata, and tells the counts', async () => {
    const { url } = await startApplication();
    const cwd = folder({ 'docs/a.md': '# Alpha\n\nText of a.', 'docs/deep/b.md': 'Text of b.', 'docs/c.txt': 'no' });
    const { status, stdout, stderr } = await runCli(['seed', 'docs/**/*.md', 'docs/*.md', '--url', url], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Found 2 documents\n');
    expect(DONE.exec(stdout)?.slice(1, 5)).toEqual(['2', '2', '0', '0']);
    expect((await documentsOf(url)).map(({ id, title, metadata }) => [id, title, metadata])).toEqual([
      ['docs/a.md', 'Alpha', { source: 'docs', path: 'docs/a.md' }],
      ['docs/deep/b.md', 'b', { source: 'docs', path: 'docs/deep/b.md' }],
    ]);
  });

  test('passes over what has not changed', async () => {
    const { url } = await startApplication();
    const cwd = folder({ 'docs/a.md': 'One.', 'docs/b.md': 'Two.' });
    await runCli(['seed', 'docs/*.md', '--url', url], { cwd });
    writeFileSync(join(cwd, 'docs/b.md'), 'Two, changed.');
    const { stdout } = await runCli(['seed', 'docs/*.md', '--url', url], { cwd });
    expect(DONE.exec(stdout)?.slice(1, 5)).toEqual(['1', '1', '1', '0']);
  });

  test('a source without patterns brings its own', async () => {
    const { url } = await startApplication();
    const cwd = folder({ 'docs/a.md': 'One.' });
    expect((await runCli(['seed', '--source', 'elixir-lang', '--url', url], { cwd })).status).toBe(0);
    expect((await documentsOf(url))[0]?.metadata).toEqual({ source: 'elixir-lang', path: 'docs/a.md' });
  });

  test('what is no document is named at the end with its reason, and the others go in', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_DOCUMENT_BYTES: '4096' } });
    const cwd = folder({
      'docs/good.md': 'Good.',
      'docs/empty.md': '',
      'docs/latin.md': Buffer.from('caf\u00e9', 'latin1'),
      'docs/large.md': 'x'.repeat(5000),
      'docs/folder.md/inner.md': 'Inner.',
      'docs/secret.md': 'Secret.',
    });
    chmodSync(join(cwd, 'docs/secret.md'), 0);
    const { status, stdout, stderr } = await runCli(['seed', 'docs/*.md', 'nothing/*.md', '--url', url], { cwd });
    expect(status).toBe(1);
    const lines = stderr.split('\n');
    expect(lines).toContain('docs/empty.md: is empty');
    expect(lines).toContain('docs/latin.md: is not UTF-8 text');
    expect(lines).toContain("docs/folder.md: is a directory; name its files: 'docs/folder.md/**/*.md'");
    expect(lines).toContain('nothing/*.md: matches no file');
    expect(stderr).toMatch(/^docs\/large\.md: DOCUMENT_TOO_LARGE: /m); // within the limit here, beyond that of the service
    expect(lines.includes('docs/secret.md: cannot be read: permission denied')).toBe(!isRoot);
    expect((await documentsOf(url)).map(({ id }) => id)).toEqual(['docs/good.md', ...(isRoot ? ['docs/secret.md'] : [])]);
    expect(DONE.exec(stdout)?.[4]).toBe(isRoot ? '5' : '6');
  });

  test('a document that the service refuses takes no other with it', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_DOCUMENT_BYTES: '4096' } });
    const files = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`docs/${index}.md`, index % 17 === 3 ? 'x'.repeat(5000) : `Text ${index}.`]));
    const { status, stderr } = await runCli(['seed', 'docs/*.md', '--url', url], { cwd: folder(files) });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n').map((line) => line.split(':', 1)[0]).sort()).toEqual(['docs/20.md', 'docs/3.md', 'docs/37.md']);
    expect((await documentsOf(url)).length).toBe(47);
  });

  test('patterns without any file fail by name', async () => {
    const { url } = await startApplication();
    expect(await runCli(['seed', 'dcos/**/*.md', '--url', url])).toEqual({ status: 1, stdout: '', stderr: 'dcos/**/*.md: matches no file\n' });
  });

  test('Ctrl-C stops it, and what was not sent is named', async () => {
    const { url } = await startApplication();
    const running = startCli(['seed', 'docs/*.md', '--url', url], { cwd: folder(manyFiles(800)) });
    await running.says(' of 800 documents');
    running.child.kill('SIGINT');
    const { status, stdout, stderr } = await running.ended;
    expect(status).toBe(130);
    expect(Number(DONE.exec(stdout)?.[5])).toBeGreaterThan(0);
    expect(stderr).toMatch(/: did not go in: interrupted$/m);
    expect(stderr).toContain('Interrupted:');
  });

  test('a service that is killed in the middle is waited for, and everything goes in', async () => {
    const [port, dataDir] = [await freePort(), temporaryDirectory()];
    const first = await startServe(port, dataDir);
    const running = startCli(['seed', 'docs/*.md', '--url', first.url], { cwd: folder(manyFiles(600)) });
    await running.says(' of 600 documents');
    await killServe(first);
    await running.says('Trying again.');
    const second = await startServe(port, dataDir);
    const { status, stdout } = await running.ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(DONE) as string });
    expect((await documentsOf(second.url)).length).toBe(600);
  }, 60_000);

  test.skipIf(!existsSync(CORPUS))('the 406 files of ../shared/data/docs go in', async () => {
    const { url } = await startApplication();
    const cwd = temporaryDirectory();
    cpSync(CORPUS, join(cwd, 'docs'), { recursive: true });
    const { status, stdout } = await runCli(['seed', 'docs/**/*.md', '--url', url], { cwd });
    expect(status).toBe(0);
    expect(DONE.exec(stdout)?.slice(1, 5)).toEqual(['406', expect.any(String), '0', '0']);
  }, 60_000);

  test('a pipe among the files holds nothing up', async () => {
    const { url } = await startApplication();
    const cwd = folder({ 'docs/a.md': 'One.' });
    execFileSync('mkfifo', [join(cwd, 'docs/pipe.md')]);
    const { status, stderr } = await runCli(['seed', 'docs/*.md', '--url', url], { cwd });
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'docs/pipe.md: is not a regular file\n' });
  });
});
