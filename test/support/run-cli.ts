import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary-directory.ts';

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/banyan.ts');

export interface CliOptions {
  /** Settings beside what every process needs. */
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue an empty directory that goes with the test */
  readonly cwd?: string;
}

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `banyan` command that runs in a process of its own; it ends with the test. */
export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CliResult>;
  stdout(): string;
  stderr(): string;
  /** Waits until the output holds a text, on either stream. Rejects when the process ends before. */
  says(text: string): Promise<void>;
}

export function startCli(args: readonly string[], { env = {}, cwd = temporaryDirectory() }: CliOptions = {}): RunningCli {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: { PATH: process.env['PATH'], ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, stdout, stderr }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = async (text: string): Promise<void> => {
    while (!stdout.includes(text) && !stderr.includes(text)) {
      const more = await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended]);
      if (!Array.isArray(more)) throw new Error(`ended without saying ${text}, but: ${stdout}${stderr}`);
    }
  };
  return { child, ended, stdout: () => stdout, stderr: () => stderr, says };
}

/** Runs a `banyan` command to its end, with nothing on its input. */
export function runCli(args: readonly string[], options: CliOptions & { readonly input?: string } = {}): Promise<CliResult> {
  const running = startCli(args, options);
  running.child.stdin.end(options.input ?? '');
  return running.ended;
}
