import type { Environment } from '#config/schema.ts';
import type { Terminal } from './terminal.ts';

/** An option of a command. `value` names what a text option takes, in the help; a flag has none. */
export interface Option {
  readonly value?: string;
  readonly doc: string;
}

/** What was written behind the command's name, checked against its options. */
export interface Arguments {
  readonly positionals: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
}

/** The process as a command sees it. */
export interface Context {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/** A command: what it is for, what it takes, and what it does. `run` resolves with the exit code. */
export interface Command {
  readonly usage: string;
  readonly doc: string;
  readonly options: Readonly<Record<string, Option>>;
  readonly takesPositionals: boolean;
  run(args: Arguments, context: Context): Promise<number>;
}

/** Every command that talks to a service takes this one. */
export const URL_OPTION = {
  url: { value: 'URL', doc: 'the service; http://BANYAN_HOST:BANYAN_PORT where absent' },
} as const satisfies Record<string, Option>;

/** The meaning of the exit codes, the same for every command. */
export const EXIT = {
  ok: 0,
  /** Something failed; stderr says what. */
  failed: 1,
  /** The command line itself was wrong. */
  usage: 2,
  /** `ask`: the documents do not answer the question. */
  refused: 3,
  /** sysexits.h: the settings are wrong. */
  config: 78,
  /** 128 + SIGINT. */
  interrupted: 130,
} as const;
