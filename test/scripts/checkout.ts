import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Checkout extends Disposable {
  readonly root: string;
  /** Makes or replaces a file. */
  write(path: string, text: string): void;
  /** Runs a script of the checkout. */
  run(script: string, options?: { args?: string[]; env?: Record<string, string> }): Outcome;
}

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A checkout of our scripts with sources of the test's own, in a folder that goes when the test ends. */
export function checkout(files: Readonly<Record<string, string>>): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'banyan-checkout-'));
  for (const path of ['scripts', 'bin', 'config', 'src/errors.ts', 'src/locations.ts', 'package.json']) {
    cpSync(path, join(root, path), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const run: Checkout['run'] = (script, { args = [], env = {} } = {}) => {
    const options = { cwd: root, encoding: 'utf8' as const, env: { ...process.env, ...env } };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], options);
    return { status, stdout, stderr };
  };
  return { root, write, run, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}
