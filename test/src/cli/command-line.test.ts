import { describe, expect, test } from 'vitest';
import { version } from '#src/version.ts';
import { freePort } from '../../support/serve-process.ts';
import { runCli } from '../../support/run-cli.ts';

describe('banyan', () => {
  test('tells its version and its commands', async () => {
    expect(await runCli(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    const help = await runCli(['--help']);
    expect(help.status).toBe(0);
    for (const command of ['serve', 'seed', 'ask', 'chat', 'tree', 'doctor', 'chaos']) expect(help.stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  });

  test.for(['serve', 'seed', 'ask', 'chat', 'tree', 'doctor', 'chaos'])('%s has a help of its own', async (command) => {
    const { status, stdout } = await runCli([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: banyan ${command}`);
  });

  test.for<[string[], string]>([
    [[], 'banyan needs a command: serve, seed, ask, chat, tree, doctor, chaos, replay; see banyan --help'],
    [['sed'], 'banyan has no command sed, did you mean seed?; see banyan --help'],
    [['xyzzy'], 'banyan has no command xyzzy; see banyan --help'],
    [['constructor'], 'banyan has no command constructor; see banyan --help'],
    [['--versoin'], 'banyan has no option --versoin, did you mean --version?; see banyan --help'],
    [['seed', '--sorce', 'docs'], 'banyan seed has no option --sorce, did you mean --source?; see banyan seed --help'],
    [['seed', '*.md', '--source'], '--source needs a value: --source NAME'],
    [['tree', '--once=yes'], '--once takes no value, got: yes'],
    [['tree', 'now'], 'banyan tree takes no words, got: now'],
    [['seed'], "banyan seed needs files: banyan seed 'docs/**/*.md'"],
    [['seed', '--source', 'doc'], 'unknown source doc, did you mean docs?; known sources: docs, elixir-lang'],
    [['ask'], 'banyan ask needs a question: banyan ask "How does Banyan restart a failed child?"'],
    [['ask', 'what?', '--top-k', '51'], 'expected --top-k to be a whole number from 1 to 50, got: 51'],
    [['ask', 'what?', '--url', 'ftp://x'], 'expected --url to be like http://127.0.0.1:4000, got: ftp://x'],
  ])('%j is refused in one sentence with exit code 2', async ([args, sentence]) => {
    expect(await runCli(args)).toEqual({ status: 2, stdout: '', stderr: `${sentence}\n` });
  });

  test.for([['ask', 'what?'], ['chat'], ['tree'], ['seed', 'package.json']])('%j says what to do when no service is there', async (args) => {
    const BANYAN_PORT = String(await freePort());
    const { status, stdout, stderr } = await runCli(args, { env: { BANYAN_PORT }, cwd: process.cwd() });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(`No Banyan answers at http://127.0.0.1:${BANYAN_PORT}/: start it with \`banyan serve\`, or name another one with --url.\n`);
  });

  test.for(['ask', 'tree', 'serve'])('%s with a wrong setting names it and exits with 78', async (command) => {
    const { status, stderr } = await runCli([command, ...(command === 'ask' ? ['what?'] : [])], { env: { BANYAN_PROT: '1' } });
    expect(status).toBe(78);
    expect(stderr).toContain('unknown setting BANYAN_PROT, did you mean BANYAN_PORT?');
  });
});
