import type { Emulator, Script } from '../../test/support/emulators/emulator.ts';
import { startEmulators } from '../../test/support/emulators/start-emulators.ts';
import type { Emulators, StartOptions } from '../../test/support/emulators/start-emulators.ts';

/** The emulated providers in a process of their own, which is told by messages. */
export type EmulatorName = Exclude<keyof Emulators, 'environment' | 'close'>;

export type EmulatorMessage =
  /** The first message; answers with `Started`. */
  | { readonly type: 'start'; readonly options: StartOptions }
  /** What the next requests get. */
  | { readonly type: 'script'; readonly name: EmulatorName; readonly script: Script }
  /** Answers with `Seen`: the requests of one emulator from number `from` on. */
  | { readonly type: 'see'; readonly name: EmulatorName; readonly from: number };

export interface Started {
  readonly environment: Readonly<Record<string, string>>;
}

export interface Seen {
  /** How many there were in all. */
  readonly count: number;
  /** Neither answered in full nor closed. */
  readonly open: number;
  readonly requests: readonly SeenRequest[];
}

/** Times are milliseconds of the wall clock. */
export interface SeenRequest {
  readonly path: string;
  readonly arrivedAtMs: number;
  readonly closedAtMs: number | undefined;
  readonly closedEarly: boolean;
}

let emulators: Emulators | undefined;

process.on('message', (message: EmulatorMessage) => {
  serve(message).then((answer) => process.send?.(answer), fail);
});

async function serve(message: EmulatorMessage): Promise<object> {
  if (message.type === 'start') {
    emulators = await startEmulators(message.options);
    return { environment: emulators.environment } satisfies Started;
  }
  const emulator = emulators?.[message.name];
  if (emulator === undefined) throw new Error('expected the emulators to be started first');
  if (message.type === 'see') return see(emulator, message.from);
  emulator.script(message.script);
  return {};
}

function see({ requests, openRequests }: Emulator, from: number): Seen {
  const { timeOrigin } = performance;
  const seen = requests.slice(from).map(({ path, arrivedAtMs, closedAtMs, closedEarly }) => ({
    path,
    arrivedAtMs: timeOrigin + arrivedAtMs,
    closedAtMs: closedAtMs === undefined ? undefined : timeOrigin + closedAtMs,
    closedEarly,
  }));
  return { count: requests.length, open: openRequests, requests: seen };
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
