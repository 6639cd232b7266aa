import { onTestFinished } from 'vitest';
import { gatewayUrl } from '#agents/gateway/gateway.agent.ts';
import type { Environment } from '#config/schema.ts';
import type { Service } from '#src/service.ts';
import { startService } from '#src/service.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { scrubEnvironment } from '../src/adapters/scrub-environment.ts';
import type { ReceivedFrame } from '../src/gateway/chat-client.ts';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { index } from '../src/gateway/rest-client.ts';
import { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } from '../support/emulators/bedrock/bedrock.ts';
import type { Emulator, RecordedRequest } from '../support/emulators/emulator.ts';
import type { Emulators, StartOptions } from '../support/emulators/start-emulators.ts';
import { startEmulators } from '../support/emulators/start-emulators.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testConfig } from '../support/test-config.ts';

export const GEMINI = 'gemini:gemini-3.8-flash';
export const NOVA = 'bedrock:us.amazon.nova-2-lite-v1:0';
/** Parts of the paths of requests, for scripts and for looking them up. */
export const PATHS = {
  generate: 'streamGenerateContent',
  converse: 'converse-stream',
  embed: 'amazon.titan-embed-text-v2',
  rerank: '/rerank',
  query: '/query',
  upsert: '/vectors/upsert',
} as const;

export const QUESTION = 'Which virtual machine runs the processes of Erlang?';
export const DOCUMENTS = [
  {
    id: 'guides/beam.md',
    text: '# The BEAM\n\nThe BEAM is the virtual machine that runs the processes of Erlang and Elixir, each with a heap and a mailbox of its own, scheduled fairly on every core of the machine.',
  },
  { id: 'guides/supervision.md', text: '# Supervision\n\nA supervisor watches its children and starts one again when it fails.' },
  { id: 'guides/phoenix.md', text: '# Phoenix\n\nPhoenix serves pages and sockets to many clients of Elixir processes.' },
];
/** What every emulated model says to the question, as readers see it. */
export const ANSWER =
  'The BEAM is the virtual machine that runs the processes of Erlang and Elixir, each with a heap and a mailbox of its own, scheduled fairly on every core of the machine.';

export interface CloudOptions {
  readonly env?: Environment;
  readonly emulators?: StartOptions;
  /** Another one for a second service on the same data. */
  readonly dataDir?: string;
  /** Emulators that run already. */
  readonly on?: Emulators;
  /** @defaultValue DOCUMENTS */
  readonly documents?: readonly object[];
}

export interface LogLine {
  readonly level: string;
  readonly target: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface CloudService extends Service {
  readonly url: string;
  readonly dataDir: string;
  readonly emulators: Emulators;
  /** Warnings and errors so far. */
  readonly log: readonly LogLine[];
}

/** For each test: nothing of this machine's clouds, and the credentials of the emulated one. */
export function useEmulatedCredentials(): void {
  scrubEnvironment({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY });
}

/** The whole service on Gemini, Bedrock and Pinecone, all emulated, with documents indexed; it ends with the test. */
export async function startCloudService(options: CloudOptions = {}): Promise<CloudService> {
  const emulators = options.on ?? (await startEmulators(options.emulators));
  if (options.on === undefined) onTestFinished(() => emulators.close());
  const dataDir = options.dataDir ?? temporaryDirectory();
  const log: LogLine[] = [];
  const config = testConfig(dataDir, { ...emulators.environment, BANYAN_LOG_LEVEL: 'warn', ...options.env });
  const destination = { write: (line: string) => void log.push(JSON.parse(line) as LogLine) };
  const service = await startService({ config, loggerFor: await createLogging({ level: 'warn', isPretty: false, destination }) });
  onTestFinished(() => service.stop());
  const url = gatewayUrl(service.kernel);
  const { documents = DOCUMENTS } = options;
  if (documents.length > 0) await index(url, documents);
  return { ...service, url, dataDir, emulators, log };
}

/** The requests whose path holds `path`. */
export function requestsOf({ requests }: Emulator, path: string): readonly RecordedRequest[] {
  return requests.filter((request) => request.path.includes(path));
}

export function bodyOf(request: RecordedRequest | undefined): Record<string, unknown> {
  return JSON.parse(request?.body.toString() ?? 'null') as Record<string, unknown>;
}

export interface Asked {
  readonly end: ReceivedFrame;
  readonly stages: readonly unknown[];
  /** The deltas of the turn, joined. */
  readonly text: string;
  readonly client: ChatClient;
}

/** Asks over a WebSocket of its own, to the end of the answer. */
export async function ask(url: string, question = QUESTION, options?: object): Promise<Asked> {
  const client = await ChatClient.open(url);
  client.send({ type: 'ask', id: 'q', question, ...(options === undefined ? {} : { options }) });
  const end = await client.end('q');
  const stages = client.frames.filter(({ type }) => type === 'status').map(({ stage }) => stage);
  const text = client.frames.filter(({ type }) => type === 'answer-delta').map((frame) => frame.text).join('');
  return { end, stages, text, client };
}
