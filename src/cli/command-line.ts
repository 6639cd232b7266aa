import { closest } from '#config/edit-distance.ts';
import { version } from '#src/version.ts';
import { didYouMean, parseArguments } from './arguments.ts';
import type { Command, Context } from './command.ts';
import { EXIT } from './command.ts';
import { describeFailure, UsageError } from './failure.ts';
import { paint } from './terminal.ts';
import { commandHelp, overview } from './usage.ts';

interface Entry {
  readonly summary: string;
  /** Commands load when they run: `ask` needs nothing of the service. */
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: { summary: 'run the service in the foreground', load: async () => (await import('./commands/serve.ts')).serveCommand },
  seed: { summary: 'put files into the service', load: async () => (await import('./commands/seed.ts')).seedCommand },
  ask: { summary: 'ask one question', load: async () => (await import('./commands/ask.ts')).askCommand },
  chat: { summary: 'ask in a conversation', load: async () => (await import('./commands/chat.ts')).chatCommand },
  tree: { summary: 'watch the supervision tree live', load: async () => (await import('./commands/tree.ts')).treeCommand },
  doctor: { summary: 'find out what is wrong, with or without a running service', load: async () => (await import('./commands/doctor.ts')).doctorCommand },
  chaos: { summary: 'kill every part of a service under load and count what its clients lose', load: async () => (await import('./commands/chaos.ts')).chaosCommand },
  replay: { summary: 'run the question of a crash again', load: async () => (await import('./commands/replay.ts')).replayCommand },
};

/** Runs the command that the words name. Resolves with the exit code; whatever is wrong is on stderr in plain sentences. */
export async function runCommandLine(words: readonly string[], context: Context): Promise<number> {
  try {
    return await dispatch(words, context);
  } catch (error) {
    const { lines, exitCode } = describeFailure(error);
    for (const line of lines) context.stderr.say(paint(line, 'red', context.stderr.hasColor));
    return exitCode;
  }
}

async function dispatch([name, ...words]: readonly string[], context: Context): Promise<number> {
  if (name === '--version' || name === '-v') return say(context, version);
  if (name === '--help' || name === '-h' || name === 'help') return say(context, overview(COMMANDS));
  if (name === undefined) throw new UsageError(`banyan needs a command: ${Object.keys(COMMANDS).join(', ')}; see banyan --help`);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) throw unknownCommand(name);
  const command = await entry.load();
  const args = parseArguments(name, words, command);
  return args.flags.has('help') ? say(context, commandHelp(command)) : command.run(args, context);
}

function say({ stdout }: Context, text: string): number {
  stdout.say(text);
  return EXIT.ok;
}

function unknownCommand(name: string): UsageError {
  const kind = name.startsWith('-') ? 'option' : 'command';
  const candidates = kind === 'option' ? ['--help', '--version'] : Object.keys(COMMANDS);
  return new UsageError(`banyan has no ${kind} ${name}${didYouMean(closest(name, candidates))}; see banyan --help`);
}
