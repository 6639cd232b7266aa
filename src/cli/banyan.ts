import { runCommandLine } from './command-line.ts';
import { terminalOf } from './terminal.ts';

const { env, argv, stdout, stderr } = process;

// Who reads no further (`banyan tree | head`) ends the command in peace.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCommandLine(argv.slice(2), {
  env,
  cwd: process.cwd(),
  stdout: terminalOf(stdout, env),
  stderr: terminalOf(stderr, env),
});
