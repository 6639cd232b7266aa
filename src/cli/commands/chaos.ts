import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programUrl } from '#src/locations.ts';
import { wholeNumber } from '../arguments.ts';
import { isWhole } from '../chaos/chaos-result.ts';
import { renderResult } from '../chaos/render-result.ts';
import { runChaos } from '../chaos/run-chaos.ts';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT } from '../command.ts';
import { interruption } from '../interruption.ts';

const DEFAULTS = { duration: '60', clients: '200', seed: '1', 'kill-every': '600', 'process-every': '20' };

/** `banyan chaos`: the promises, by force. */
export const chaosCommand: Command = {
  usage: 'chaos [options]',
  doc: [
    'Starts a service of its own on an empty data folder, lets clients ask, lose their lines and come back, and kills every kind of',
    'part on a schedule: actors, supervisors, worker threads, the whole process. Every frame is counted by the clients. Prints for',
    'each kind how fast it recovered and what the clients lost; exits with 1 when anything was lost, repeated or left without an end,',
    'and keeps the folder with the log of the service then. Ctrl-C ends it early.',
  ].join('\n'),
  options: {
    duration: { value: 'SECONDS', doc: `how long parts are killed; ${DEFAULTS.duration} where absent` },
    clients: { value: 'N', doc: `clients that ask; ${DEFAULTS.clients} where absent` },
    seed: { value: 'N', doc: `the same number plans the same kills; ${DEFAULTS.seed} where absent` },
    'kill-every': { value: 'MS', doc: `mean time between two kills; ${DEFAULTS['kill-every']} where absent` },
    'process-every': { value: 'SECONDS', doc: `mean time between two kills of the process; ${DEFAULTS['process-every']} where absent` },
  },
  takesPositionals: false,
  run: chaos,
};

async function chaos({ texts }: Arguments, { env, stdout, stderr }: Context): Promise<number> {
  const read = (option: keyof typeof DEFAULTS, max: number): number => wholeNumber(option, texts[option] ?? DEFAULTS[option], { min: 1, max });
  const options = {
    durationMs: 1000 * read('duration', 21_600),
    clients: read('clients', 2000),
    seed: read('seed', 999_999_999),
    killEveryMs: read('kill-every', 60_000),
    processKillEveryMs: 1000 * read('process-every', 3600),
  };
  const directory = await mkdtemp(join(tmpdir(), 'banyan-chaos-'));
  const program = [fileURLToPath(programUrl), 'serve'];
  const result = await runChaos({ ...options, program, env, directory, signal: interruption(), onProgress: (sentence) => stderr.say(sentence) });
  for (const line of renderResult(result)) stdout.say(line);
  if (!isWhole(result)) {
    stderr.say(`Kept for a look: ${directory}`);
    return EXIT.failed;
  }
  await rm(directory, { recursive: true, force: true });
  return EXIT.ok;
}
