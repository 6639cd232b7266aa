import type { Script } from '../../test/support/emulators/emulator.ts';
import type { StartOptions } from '../../test/support/emulators/start-emulators.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import type { EmulatorMessage, EmulatorName, Seen, Started } from './emulator-process.ts';

const PROGRAM = new URL('./emulator-process.ts', import.meta.url);

export interface EmulatedProviders {
  /** With which a service uses Gemini, Bedrock and Pinecone, and can be switched to the others. */
  readonly environment: Readonly<Record<string, string>>;
  script(name: EmulatorName, script: Script): Promise<void>;
  see(name: EmulatorName, from?: number): Promise<Seen>;
}

/** Runs `work` with the emulated providers in a process of their own. */
export function withEmulators<T>(options: StartOptions, work: (emulators: EmulatedProviders) => Promise<T>): Promise<T> {
  return withChild(PROGRAM, async (child) => {
    const { environment } = await ask<Started>(child, { type: 'start', options });
    return await work({
      environment,
      script: async (name, script) => void (await ask(child, { type: 'script', name, script })),
      see: (name, from = 0) => ask<Seen>(child, { type: 'see', name, from }),
    });
  });
}

function ask<Answer>(child: Child, message: EmulatorMessage): Promise<Answer> {
  return child.ask<Answer>(message);
}
