/**
 * Serves the emulated providers until it is interrupted. Prints a `NAME=value` line for each variable that the service
 * needs to use them, then `ready`. Each takes `POST /_script` and shows what it got at `GET /_requests`.
 */
import { parseArgs } from 'node:util';
import { startEmulators } from '../test/support/emulators/start-emulators.ts';
import type { StartOptions } from '../test/support/emulators/start-emulators.ts';

const USAGE = `npm run emulators [-- options]
  --delay-ms N      before every answer
  --token-ms N      between two pieces of a streamed answer
  --fault-share N   share of requests that fail in some way, 0 to 1
  --seed N          of the faults`;

/** Requests that are kept to be shown: few, as this may run for days. */
const KEPT_REQUESTS = 1000;

function readOptions(args: readonly string[]): StartOptions | undefined {
  const number = { type: 'string' } as const;
  const options = { 'delay-ms': number, 'token-ms': number, 'fault-share': number, seed: number, help: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options, strict: true });
  if (values.help === true) return undefined;
  return {
    delayMs: readNumber('--delay-ms', values['delay-ms'] ?? '0'),
    tokenMs: readNumber('--token-ms', values['token-ms'] ?? '0'),
    faultShare: readNumber('--fault-share', values['fault-share'] ?? '0', 1),
    seed: readNumber('--seed', values.seed ?? '1'),
    keepRequests: KEPT_REQUESTS,
  };
}

function readNumber(name: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= most) return value;
  throw new TypeError(`expected ${name} to be a number from 0 to ${most}, got: ${text}`);
}

async function serve(options: StartOptions): Promise<void> {
  const emulators = await startEmulators(options);
  for (const [name, value] of Object.entries(emulators.environment)) console.log(`${name}=${value}`);
  console.log('ready');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void emulators.close());
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else await serve(options);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
