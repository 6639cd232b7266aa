import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkout } from './checkout.ts';

/** An older Node of the system, where there is one: the case that bin/banyan.cjs is for. */
const OLD_NODE = '/usr/bin/node';
const hasOldNode = existsSync(OLD_NODE) && existsSync(`node_modules/node-linux-${process.arch}`);

/** Tells that it runs once it listens to signals. */
const PROGRAM = `
const [task] = process.argv.slice(2);
if (task === 'drain') process.on('SIGTERM', () => process.exit(7));
if (task === 'drain' || task === 'wait') setInterval(() => {}, 1000);
console.log('major ' + process.versions.node.split('.')[0], process.argv.slice(2).join(' '));
if (task === 'fail') process.exit(3);
`;

function project(files: Readonly<Record<string, string>> = {}) {
  return checkout({ 'src/cli/banyan.ts': PROGRAM, ...files });
}

async function endAfterSignal(node: string, root: string, argument: string): Promise<unknown[]> {
  const child = spawn(node, [join(root, 'bin/banyan.cjs'), argument], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  return await ended;
}

describe('bin/banyan.cjs', () => {
  test('builds in a checkout, then runs with its arguments', () => {
    using checkedOut = project();
    expect(checkedOut.run('bin/banyan.cjs', { args: ['ask', 'what?'] })).toEqual({ status: 0, stdout: 'major 24 ask what?\n', stderr: '' });
  });

  test('gives the exit code on', () => {
    using checkedOut = project();
    expect(checkedOut.run('bin/banyan.cjs', { args: ['fail'] }).status).toBe(3);
  });

  test('builds again only when a source is newer', () => {
    using checkedOut = project();
    checkedOut.run('bin/banyan.cjs');
    checkedOut.write('dist/banyan.js', "console.log('kept')");
    expect(checkedOut.run('bin/banyan.cjs').stdout).toBe('kept\n');
    const soon = new Date(Date.now() + 60_000);
    utimesSync(join(checkedOut.root, 'src/cli/banyan.ts'), soon, soon);
    expect(checkedOut.run('bin/banyan.cjs').stdout).toMatch(/^major 24/);
  });

  test('of an installed package runs dist/ as it is', () => {
    using checkedOut = project({ 'dist/banyan.js': "console.log('installed')" });
    rmSync(join(checkedOut.root, 'src'), { recursive: true });
    expect(checkedOut.run('bin/banyan.cjs').stdout).toBe('installed\n');
  });

  test('a broken source is told and nothing runs', () => {
    using checkedOut = project({ 'src/cli/banyan.ts': "import './absent.ts';" });
    const { status, stdout, stderr } = checkedOut.run('bin/banyan.cjs');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('could not be built');
  });

  test.skipIf(!hasOldNode)('finds Node 24 from an older Node, and passes a signal and its result on', async () => {
    using checkedOut = project();
    expect(await endAfterSignal(OLD_NODE, checkedOut.root, 'drain')).toEqual([7, null]);
    expect(await endAfterSignal(OLD_NODE, checkedOut.root, 'wait')).toEqual([null, 'SIGTERM']);
  });
});

describe('scripts/require-node.cjs', () => {
  test('is silent on the Node that the tests run on', () => {
    using checkedOut = checkout({});
    expect(checkedOut.run('scripts/require-node.cjs')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('stops with one sentence where a newer Node is needed', () => {
    using checkedOut = checkout({});
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as object;
    checkedOut.write('package.json', JSON.stringify({ ...manifest, engines: { node: '>=99.5' } }));
    const { status, stderr } = checkedOut.run('scripts/require-node.cjs');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Banyan needs Node 99\.5 or newer and this is Node 24\.\S+; .*\.\n$/);
  });
});
