import { describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../../support/run-cli.ts';
import { freePort } from '../../../support/serve-process.ts';
import { startApplication } from '../../../support/start-application.ts';

async function startIndexed(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { url } = await startApplication({ env });
  const documents = [
    { id: 'banyan.md', text: '# Banyans\n\nA banyan is a tree that drops new trunks from its branches.' },
    { id: 'oak.md', text: '# Oaks\n\nAn oak is a tree with acorns, which the jays carry away and forget in the ground.' },
  ];
  await fetch(`${url}/index`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ documents, wait: true }) });
  return url;
}

async function sessionsOf(url: string): Promise<{ turn_count: number }[]> {
  return ((await (await fetch(`${url}/sessions`)).json()) as { sessions: { turn_count: number }[] }).sessions;
}

describe('banyan chat', () => {
  test('answers each line in one session, until /quit', async () => {
    const url = await startIndexed();
    const { status, stdout, stderr } = await runCli(['chat', '--url', url], { input: 'What is a banyan?\n\n  What is an oak?  \n/quit\nWhat is lost?\n' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/A banyan is a tree[^]*\[1\] banyan\.md · Banyans[^]*An oak is a tree[^]*\[1\] oak\.md · Oaks/);
    expect((await sessionsOf(url)).map((session) => session.turn_count)).toEqual([2]);
  });

  test('the end of the input is the end, with or without a line break', async () => {
    const url = await startIndexed();
    expect((await runCli(['chat', '--url', url], { input: 'What is an oak?' })).stdout).toContain('An oak is');
    expect(await runCli(['chat', '--url', url])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('a question that fails is told, and the next one is answered', async () => {
    const url = await startIndexed();
    const { status, stdout, stderr } = await runCli(['chat', '--url', url], { input: `${'why '.repeat(20_000)}\nWhat is an oak?\n` });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^QUESTION_TOO_LONG: /);
    expect(stdout).toContain('An oak is a tree');
  });

  test('Ctrl-C cancels the running answer and not the chat', async () => {
    const url = await startIndexed({ BANYAN_EXTRACTIVE_RATE: '5' });
    const running = startCli(['chat', '--url', url]);
    running.child.stdin.write('What is a banyan?\n');
    await running.says('A banyan');
    running.child.kill('SIGINT');
    await running.says('Cancelled.');
    running.child.stdin.end('What is an oak?\n');
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    expect(stdout).not.toContain('branches');
    expect(stdout).toContain('An oak is a tree with acorns');
  });

  test('Ctrl-C without an answer leaves', async () => {
    const url = await startIndexed();
    const running = startCli(['chat', '--url', url]);
    running.child.stdin.write('What is an oak?\n');
    await running.says('[1] oak.md');
    running.child.kill('SIGINT');
    expect((await running.ended).status).toBe(0);
  });

  test('comes back to its session after the connections broke', async () => {
    const { url, kernel } = await startApplication({ env: { BANYAN_PORT: String(await freePort()) } });
    const running = startCli(['chat', '--url', url]);
    running.child.stdin.write('Anything?\n');
    await running.says('The documents do not answer this.');
    kernel.kill('gateway');
    running.child.stdin.end('Anything else?\n');
    const { status, stdout } = await running.ended;
    expect(status).toBe(0);
    expect(stdout.split('The documents do not answer this.').length - 1).toBe(2);
    expect((await sessionsOf(url)).map((session) => session.turn_count)).toEqual([2]);
  });
});
