import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewayUrl } from '#agents/gateway/gateway.agent.ts';
import type { Service } from '#src/service.ts';
import { startService } from '#src/service.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import { eventually } from '../support/eventually.ts';
import { testConfig } from '../support/test-config.ts';
import { codeBlocks, firstCells, markdownFile, section } from './markdown-files.ts';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const readme = markdownFile('README.md');
const quickStart = codeBlocks(section(readme, 'Quick start'), 'sh');
const dataDir = mkdtempSync(join(tmpdir(), 'banyan-docs-'));
let service: Service;
let url: string;

beforeAll(async () => {
  const loggerFor = await createLogging({ level: 'silent', isPretty: false });
  service = await startService({ config: testConfig(dataDir, { BANYAN_SEED_ON_FIRST_RUN: 'true' }), loggerFor });
  url = gatewayUrl(service.kernel);
  await eventually(async () => {
    const { jobs } = (await get('/jobs')) as { jobs: readonly { readonly state: string }[] };
    if (jobs[0]?.state !== 'succeeded') throw new Error('the guides are not in');
  });
}, 30_000);

afterAll(async () => {
  await service.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function get(path: string): Promise<unknown> {
  return (await fetch(`${url}${path}`)).json();
}

function here(text: string): string {
  return text.replaceAll('127.0.0.1:4000', new URL(url).host);
}

async function shell(command: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', here(command)]);
  return stdout;
}

/** A command of the checkout's command line, run from the sources. */
async function banyan(command: string): Promise<string> {
  const { port } = new URL(url);
  const fromSources = command.replace('npm run banyan --', `"${process.execPath}" src/cli/banyan.ts`);
  const { stdout } = await run('sh', ['-c', fromSources], { env: { ...process.env, BANYAN_PORT: port } });
  return stdout;
}

function commandWith(text: string): string {
  const [found, ...others] = quickStart.filter((block) => block.includes(text));
  if (found === undefined || others.length > 0) throw new TypeError(`not one command of the README has ${text}`);
  return found;
}

describe('the quick start of the README', () => {
  test('begins with two commands that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    expect(quickStart.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'banyan', 'bench', 'build']));
  });

  test.skipIf(!hasCurl)('asks by curl', async () => {
    expect(JSON.parse(await shell(commandWith('How does Banyan')))).toMatchObject({ answer: expect.stringMatching(/restart/) as string, finish: 'stop' });
  });

  test.skipIf(!hasCurl)('asks for a stream by curl', async () => {
    const events = [...(await shell(commandWith('"stream": true'))).matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    const logged = events.filter((type) => type !== 'ready' && type !== 'status');
    expect([...new Set(logged)]).toEqual(['accepted', 'sources', 'answer-start', 'answer-delta', 'answer-end']);
  });

  test.skipIf(!hasCurl)('takes in documents by curl', async () => {
    expect(JSON.parse(await shell(commandWith('/index')))).toMatchObject({ state: 'succeeded', indexed: 1 });
    expect(JSON.parse(await shell(commandWith('file=@')))).toMatchObject({ state: 'succeeded', indexed: 1 });
    expect(await get('/documents/README.md')).toMatchObject({ title: 'Banyan' });
  });

  test('asks and seeds by the command line', async () => {
    expect(await banyan(commandWith(' ask '))).toMatch(/A session is a conversation/);
    expect(await banyan(commandWith(' seed '))).toMatch(/^2 documents indexed .* 0 failed/m);
  }, 30_000);

  test('chats over a WebSocket with nothing but Node', async () => {
    const [script = ''] = codeBlocks(section(readme, 'Quick start'), 'js');
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', here(script)]);
    expect(stdout).toMatch(/^A session is a conversation/);
    expect(stderr).toBe('');
  });
});

describe('the README', () => {
  test('shows the tree that runs', () => {
    const [text = ''] = codeBlocks(section(readme, 'The tree'), '');
    const shown = text.split('\n').map((line) => line.replaceAll(/[│├└─]/g, ' ')).map((line) => /^( *)(\S+)/.exec(line)?.slice(1));
    const drawn = shown.map((match) => `${' '.repeat((match?.[0] ?? '').length)}${match?.[1]}`);
    const tree = service.kernel.tree();
    if (tree === undefined) throw new TypeError('no tree runs');
    expect(drawn).toEqual(lines(tree, ''));
  });
});

/** Dynamic children come and go, and so does the first run: they are not named one by one. */
function lines({ id, strategy, children }: ProcessInfo, indent: string): readonly string[] {
  const below = strategy === 'dynamic' ? [] : children.flatMap((child) => lines(child, `${indent}   `));
  const firstRun = id === 'ingest' && !children.some((child) => child.id === 'first-run') ? [`${indent}   first-run`] : [];
  return [`${indent}${id}`, ...below, ...firstRun];
}

describe('docs/protocol.md', () => {
  test('lists the routes that there are', async () => {
    const { paths } = (await get('/docs/json')) as { paths: Record<string, Record<string, unknown>> };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const listed = firstCells(section(markdownFile('docs/protocol.md'), 'REST routes')).map((route) => route.replace(/\?.*/, ''));
    expect(listed.toSorted()).toEqual(served.filter((route) => !route.endsWith(' /ws')).toSorted());
  });

  test('shows the frames of a turn with the fields that they have', async () => {
    const examples = codeBlocks(section(markdownFile('docs/protocol.md'), 'A question and its frames'), 'json')[0] ?? '';
    const documented = examples.split('\n').map((line) => JSON.parse(line) as Frame);
    const frames = await framesOfTurn('What is a session?');
    expect(types(frames)).toEqual(types(documented));
    expect(fieldsByType(frames)).toEqual(fieldsByType(documented));
  });
});

type Frame = { readonly type: string } & Readonly<Record<string, unknown>>;

function types(frames: readonly Frame[]): readonly string[] {
  return [...new Set(frames.map(({ type }) => type))];
}

function fieldsByType(frames: readonly Frame[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(frames.map((frame) => [frame.type, Object.keys(frame).toSorted()]));
}

async function framesOfTurn(question: string): Promise<readonly Frame[]> {
  // An answer from the cache has other stages.
  await fetch(`${url}/admin/cache/clear`, { method: 'POST' });
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  const frames: Frame[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'ask', id: 'q1', question })));
  socket.addEventListener('close', () => reject(new Error('the socket has closed')));
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.type !== 'ready') frames.push(frame);
    if (frame.type === 'answer-end' || frame.type === 'answer-error') resolve();
  });
  await ended;
  socket.close();
  return frames;
}
