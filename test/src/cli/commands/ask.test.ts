import { describe, expect, test } from 'vitest';
import type { AnswerEnd } from '#src/ports/answer.ts';
import { runCli, startCli } from '../../../support/run-cli.ts';
import { freePort, killServe, startServe } from '../../../support/serve-process.ts';
import { startApplication } from '../../../support/start-application.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const TEXT = '# Banyans\n\nA banyan is a tree that drops new trunks from its branches. It stands when one of its trunks is cut.';
const QUESTION = 'What is a banyan?';
/** Slow enough to be met in the middle: the answer has more than ten words. */
const SLOW = { BANYAN_EXTRACTIVE_RATE: '5' };

async function index(url: string): Promise<void> {
  const documents = [{ id: 'docs/banyan.md', text: TEXT, uri: 'docs/banyan.md' }];
  const response = await fetch(`${url}/index`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ documents, wait: true }) });
  expect(response.status).toBe(200);
}

async function startIndexed(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { url } = await startApplication({ env });
  await index(url);
  return url;
}

describe('banyan ask', () => {
  test('writes the answer, then its sources', async () => {
    const url = await startIndexed();
    const { status, stdout, stderr } = await runCli(['ask', 'What', 'is', 'a', 'banyan?', '--url', url]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^A banyan is a tree that drops new trunks from its branches\./);
    expect(stdout).toMatch(/\n\n\[1\] docs\/banyan\.md · Banyans\n$/);
  });

  test('writes the words as they come', async () => {
    const url = await startIndexed(SLOW);
    const running = startCli(['ask', QUESTION, '--url', url]);
    await running.says('banyan is');
    expect(running.stdout()).not.toContain('branches');
    expect((await running.ended).stdout).toContain('branches');
  });

  test('--json writes the end of the answer, whose citations hold', async () => {
    const url = await startIndexed();
    const { status, stdout } = await runCli(['ask', QUESTION, '--json', '--top-k', '1', '--url', url]);
    const end = JSON.parse(stdout) as AnswerEnd & { session: string };
    expect({ status, finish: end.finish, session: typeof end.session }).toEqual({ status: 0, finish: 'stop', session: 'string' });
    for (const { source_id: id, start, end: to } of end.citations) {
      expect(end.sources.find((source) => source.id === id)?.text).toContain(end.answer.slice(start, to));
    }
    expect(end.citations.length).toBeGreaterThan(0);
  });

  test('a question that the documents do not answer exits with 3', async () => {
    const url = await startIndexed();
    expect(await runCli(['ask', 'Who won the chess championship of 1972?', '--url', url])).toEqual({
      status: 3,
      stdout: 'The documents do not answer this.\n',
      stderr: '',
    });
  });

  test('an error is told by code and sentence', async () => {
    const url = await startIndexed();
    expect(await runCli(['ask', QUESTION, '--session', 'unknown', '--url', url])).toEqual({
      status: 1,
      stdout: '',
      stderr: 'SESSION_NOT_FOUND: There is no such session.\n',
    });
    const long = await runCli(['ask', 'why '.repeat(20_000), '--url', url]);
    expect(long).toMatchObject({ status: 1, stderr: expect.stringMatching(/^QUESTION_TOO_LONG: /) as string });
  });

  test('goes on with a session', async () => {
    const url = await startIndexed();
    const first = JSON.parse((await runCli(['ask', QUESTION, '--json', '--url', url])).stdout) as { session: string };
    const second = JSON.parse((await runCli(['ask', 'What drops trunks?', '--json', '--session', first.session, '--url', url])).stdout) as { session: string };
    expect(second.session).toBe(first.session);
    const { turns } = (await (await fetch(`${url}/sessions/${first.session}`)).json()) as { turns: unknown[] };
    expect(turns.length).toBe(2);
  });

  test('Ctrl-C cancels the answer', async () => {
    const url = await startIndexed(SLOW);
    const running = startCli(['ask', QUESTION, '--url', url]);
    await running.says('banyan is');
    running.child.kill('SIGINT');
    const { status, stderr, stdout } = await running.ended;
    expect({ status, stderr }).toEqual({ status: 130, stderr: 'Cancelled.\n' });
    expect(stdout).not.toContain('branches');
  });

  test('an answer survives the death of the service', async () => {
    const [port, dataDir] = [await freePort(), temporaryDirectory()];
    const first = await startServe(port, dataDir, SLOW);
    await index(first.url);
    const running = startCli(['ask', QUESTION, '--url', first.url]);
    await running.says('banyan is');
    await killServe(first);
    await running.says('Connection lost');
    await startServe(port, dataDir, SLOW);
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^A banyan is a tree that drops new trunks from its branches\./);
    expect(stdout.split('A banyan is').length - 1).toBe(1);
  }, 60_000);
});
