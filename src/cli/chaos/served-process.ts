import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from '#config/schema.ts';
import { Failure } from '../failure.ts';

export interface ServeOptions {
  /** What Node runs: a program that serves, and its arguments. */
  readonly program: readonly string[];
  /** It names the port: a part of the service that restarts has to be found where it was. */
  readonly env: Environment;
  /** Where it runs; what it says is written there, to `service.log`. */
  readonly directory: string;
  readonly onRestart: (restart: RestartLine) => void;
  /** The process is up and listens, for the first time or again. */
  readonly onUp: () => void;
}

/** A child that was restarted, as the service's log tells it. */
export interface RestartLine {
  readonly name: string;
  /** From the child's end until it was up again. */
  readonly downMs: number;
}

interface LogLine {
  readonly message?: string;
  readonly url?: string;
  readonly down_ms?: number;
  readonly child?: { readonly name?: string };
}

/** Starts in a row that may fail before it is given up. */
const MAX_FAILED_STARTS = 5;
const RESTARTED = '"child restarted"';
const LISTENING = '"listening on ';

/** The service in a process of its own, started again at once whenever it ends, as a service manager does it. */
export class ServedProcess {
  readonly #options: ServeOptions;
  readonly #log: WriteStream;
  /** Nobody may outlive the one who counts. */
  readonly #onExit = (): void => void this.#child.kill('SIGKILL');
  readonly #firstUp = Promise.withResolvers<string>();
  #child: ChildProcess;
  #isEndExpected = false;
  #isStopping = false;
  #failedStarts = 0;
  /** Ends that nobody had ordered. */
  unexpectedEnds = 0;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#log = createWriteStream(logFile(options.directory));
    this.#child = this.#start();
    process.once('exit', this.#onExit);
  }

  /** `http://127.0.0.1:<port>`, once it listens. Rejects with Failure when it does not start. */
  whenUp(): Promise<string> {
    return this.#firstUp.promise;
  }

  /** Ends the process without asking it. */
  kill(): void {
    this.#isEndExpected = true;
    this.#child.kill('SIGKILL');
  }

  /** The process is about to end by itself, and that is wanted. */
  expectEnd(): void {
    this.#isEndExpected = true;
  }

  /** Resolves with the exit code: null where it did not end by itself in time. */
  async stop(timeoutMs: number): Promise<number | null> {
    this.#isStopping = true;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
    clearTimeout(timer);
    this.#log.end();
    process.off('exit', this.#onExit);
    return this.#child.exitCode;
  }

  #start(): ChildProcess {
    const { program, env, directory } = this.#options;
    // Detached: a Ctrl-C at the terminal is for the one who counts.
    const child = spawn(process.execPath, program, { cwd: directory, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.stderr.on('data', (text: Buffer) => void this.#log.write(text));
    child.on('exit', () => this.#ended());
    return child;
  }

  #hear(line: string): void {
    this.#log.write(`${line}\n`);
    if (!line.includes(RESTARTED) && !line.includes(LISTENING)) return;
    const { url, child, down_ms: downMs } = JSON.parse(line) as LogLine;
    if (url !== undefined) this.#up(url);
    if (child?.name !== undefined && downMs !== undefined) this.#options.onRestart({ name: child.name, downMs });
  }

  #up(url: string): void {
    this.#failedStarts = 0;
    this.#firstUp.resolve(url);
    this.#options.onUp();
  }

  #ended(): void {
    if (this.#isStopping) return;
    if (!this.#isEndExpected) this.unexpectedEnds += 1;
    this.#isEndExpected = false;
    this.#failedStarts += 1;
    if (this.#failedStarts <= MAX_FAILED_STARTS) this.#child = this.#start();
    else this.#firstUp.reject(new Failure(`The service does not start, see ${logFile(this.#options.directory)}.`));
  }
}

function logFile(directory: string): string {
  return join(directory, 'service.log');
}
