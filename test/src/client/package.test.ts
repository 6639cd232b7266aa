import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startApplication } from '../../support/start-application.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { checkout } from '../../scripts/checkout.ts';
import { index } from '../gateway/rest-client.ts';

const NPM_TIMEOUT_MS = 60_000;
const run = promisify(execFile);
const TSC = resolve('node_modules/.bin/tsc');
const OPTIONS = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, exactOptionalPropertyTypes: true };

const PROGRAM = `
import { BanyanError, connect } from 'banyan/client';
const banyan = connect({ url: process.argv[2] });
try {
  const answer = banyan.ask(process.argv[3]);
  let text = '';
  for await (const event of answer) if (event.type === 'delta') text += event.text;
  console.log(JSON.stringify([text === (await answer.text()), text, new BanyanError({ code: 'A', message: 'b', retryable: true }).code]));
} finally {
  banyan.close();
}
`;
const TYPED = `
import { BanyanError, connect } from 'banyan/client';
import type { Answer, AnswerEnd, Banyan, Source } from 'banyan/client';
export async function ask(banyan: Banyan): Promise<readonly Source[]> {
  const answer: Answer = banyan.ask('What?', { top_k: 3, signal: AbortSignal.timeout(1000) });
  for await (const event of answer) {
    if (event.type === 'delta') console.log(event.text.length);
    if (event.type === 'end') console.log(event.citations, event.usage.total_tokens);
  }
  const end: AnswerEnd = await answer.end().catch((error: unknown) => {
    throw error instanceof BanyanError && error.retryable ? new Error('later', { cause: error }) : error;
  });
  return end.sources;
}
export const banyan = connect({ url: 'https://answers.example', WebSocket });
`;
const MISTYPED = `
import { connect } from 'banyan/client';
for await (const event of connect({ url: 'https://answers.example' }).ask('What?')) {
  if (event.type === 'delta') console.log(event.citations);
}
connect({});
`;

/** The packed project, unpacked into a project of its own as an installation would. */
function installPacked(): string {
  using project = checkout({ 'src/main.ts': 'console.log("main");' });
  cpSync('src/client', join(project.root, 'src/client'), { recursive: true });
  expect(project.run('scripts/build.mjs')).toMatchObject({ status: 0, stderr: '' });
  const user = temporaryDirectory();
  execFileSync('npm', ['pack', '--ignore-scripts', '--offline', '--pack-destination', user], { cwd: project.root, stdio: 'pipe' });
  const [tarball = ''] = readdirSync(user);
  const installed = join(user, 'node_modules/banyan');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(user, tarball), '-C', installed, '--strip-components=1']);
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  return user;
}

function compile(directory: string, program: string, compilerOptions: object): string {
  writeFileSync(join(directory, 'typed.ts'), program);
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...OPTIONS, ...compilerOptions }, files: ['typed.ts'] }));
  try {
    return execFileSync(TSC, ['-p', directory], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

describe('the packed client', { timeout: NPM_TIMEOUT_MS }, () => {
  test('answers in a project that has nothing else, from one file without imports', async () => {
    const { url } = await startApplication();
    await index(url);
    const user = installPacked();
    writeFileSync(join(user, 'program.mjs'), PROGRAM);
    const { stdout } = await run(process.execPath, ['program.mjs', url, 'What is a supervisor?'], { cwd: user });
    expect(JSON.parse(stdout)).toEqual([true, expect.stringMatching(/supervisor/i), 'A']);
    expect(readFileSync(join(user, 'node_modules/banyan/dist/client.js'), 'utf8')).not.toMatch(/\bimport\b[^;]*from|\brequire\(/);
  });

  test('has types that check, for a browser and for Node', () => {
    const user = installPacked();
    mkdirSync(join(user, 'node_modules/@types'), { recursive: true });
    cpSync('node_modules/@types/node', join(user, 'node_modules/@types/node'), { recursive: true });
    cpSync('node_modules/undici-types', join(user, 'node_modules/undici-types'), { recursive: true });
    expect(compile(user, TYPED, { lib: ['es2024', 'dom', 'dom.iterable'], types: [] })).toBe('');
    expect(compile(user, TYPED, { lib: ['es2024'], types: ['node'] })).toBe('');
    expect(compile(user, MISTYPED, { lib: ['es2024'], types: ['node'] })).toMatch(/'citations' does not exist[^]*'url' is missing/);
  });
});
