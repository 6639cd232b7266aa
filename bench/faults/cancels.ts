import type { Script } from '../../test/support/emulators/emulator.ts';
import type { Figures } from '../benchmark.ts';
import type { Asked, SeenFrame } from '../providers/conversation.ts';
import { Conversation } from '../providers/conversation.ts';
import type { EmulatorName, SeenRequest } from '../providers/emulator-process.ts';
import type { EmulatedProviders } from '../providers/with-emulators.ts';
import { quantile } from '../statistics.ts';

/** Where a question is when it is cancelled. */
export interface Stage {
  readonly name: string;
  readonly provider: EmulatorName;
  /** Of the request that does not come to its end. */
  readonly path: string;
  readonly script: Script;
  /** The frame that shows the stage is reached, beside the request. */
  readonly after?: (frame: SeenFrame) => boolean;
  /** Nothing is on the wire when it is cancelled: the time is taken to the turn's end instead. */
  readonly isOffTheWire?: boolean;
  /** Another question meets the script; this one waits behind it. */
  readonly isBehindAnother?: boolean;
  readonly model?: string;
}

export interface Cancelled {
  readonly stage: string;
  /** From the cancel to the closed socket, or to the turn's end where there is none. */
  readonly closeMs: number;
  readonly wasLeftOpen: boolean;
  /** Deltas behind the end of the cancelled answer, and requests behind the cancel. */
  readonly afterCancel: number;
  readonly finish: unknown;
}

const POLL_MS = 2;
const REACH_TIMEOUT_MS = 10_000;
/** After which a socket counts as left open. */
const CLOSE_TIMEOUT_MS = 2000;
/** In which what should not happen any more would. */
const QUIET_MS = 100;

/** Cancels a question at that stage over a session of its own. Throws when the stage is not reached. */
export async function cancelAt(url: string, emulators: EmulatedProviders, stage: Stage, question: string): Promise<Cancelled> {
  const conversation = await Conversation.open(url);
  try {
    const { count: before } = await emulators.see(stage.provider);
    await emulators.script(stage.provider, { path: stage.path, ...stage.script });
    const reached = Promise.withResolvers<void>();
    const turn = Promise.withResolvers<string>();
    const onFrame = (frame: SeenFrame): void => {
      if (frame.type === 'accepted') turn.resolve(String(frame['turn']));
      if (stage.after?.(frame) === true) reached.resolve();
    };
    if (stage.after === undefined) reached.resolve();
    if (stage.isBehindAnother === true) await conversation.ask(`${question} Really?`);
    const options = stage.model === undefined ? {} : { options: { model: stage.model } };
    const asking = conversation.ask(question, { onFrame, ...options });
    const ended = Symbol('ended');
    const first = await Promise.race([reached.promise, asking.then(() => ended)]);
    if (first === ended) throw new Error(`${stage.name}: the question ended before it could be cancelled`);
    const request = await find(emulators, stage, before, ({ closedAtMs }) => stage.isOffTheWire === true || closedAtMs === undefined);
    // Providers are asked while the acceptance is written: the disk's time is not the cancel's.
    const accepted = await turn.promise;
    const cancelledAtMs = performance.timeOrigin + performance.now();
    conversation.cancel(accepted);
    const asked = await asking;
    const endedAtMs = performance.timeOrigin + performance.now();
    const closedAtMs = stage.isOffTheWire === true ? endedAtMs : await closedAt(emulators, stage, request.index);
    const afterCancel = await countAfterCancel({ emulators, stage, asked, cancelledAtMs });
    const closeMs = (closedAtMs ?? Infinity) - cancelledAtMs;
    return { stage: stage.name, closeMs, wasLeftOpen: closedAtMs === undefined, afterCancel, finish: asked.end?.['finish'] };
  } finally {
    conversation.close();
  }
}

interface Found extends SeenRequest {
  /** Of all requests of its emulator. */
  readonly index: number;
}

async function find(emulators: EmulatedProviders, { name, provider, path }: Stage, from: number, isMeant: (request: SeenRequest) => boolean): Promise<Found> {
  const giveUpAt = performance.now() + REACH_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    const { requests } = await emulators.see(provider, from);
    const at = requests.findLastIndex((request) => request.path.includes(path) && isMeant(request));
    const request = requests[at];
    if (request !== undefined) return { ...request, index: from + at };
    await pause(POLL_MS);
  }
  throw new Error(`${name}: no request came`);
}

/** Undefined when it was still open after CLOSE_TIMEOUT_MS. */
async function closedAt(emulators: EmulatedProviders, { provider }: Stage, index: number): Promise<number | undefined> {
  const giveUpAt = performance.now() + CLOSE_TIMEOUT_MS;
  while (performance.now() < giveUpAt) {
    const [request] = (await emulators.see(provider, index)).requests;
    if (request?.closedAtMs !== undefined) return request.closedAtMs;
    await pause(POLL_MS);
  }
  return undefined;
}

interface Aftermath {
  readonly emulators: EmulatedProviders;
  readonly stage: Stage;
  readonly asked: Asked;
  readonly cancelledAtMs: number;
}

async function countAfterCancel({ emulators, stage, asked, cancelledAtMs }: Aftermath): Promise<number> {
  await pause(QUIET_MS);
  const { requests } = await emulators.see(stage.provider);
  const late = requests.filter(({ arrivedAtMs, path }) => path.includes(stage.path) && arrivedAtMs > cancelledAtMs + QUIET_MS / 2).length;
  const endAt = asked.frames.findIndex(({ type }) => type === 'answer-end');
  return late + asked.frames.slice(endAt + 1).filter(({ type }) => type === 'answer-delta').length;
}

export function cancelFigures(cancelled: readonly Cancelled[]): Figures {
  const times = cancelled.map(({ closeMs }) => closeMs);
  return {
    open_sockets_after_cancel: cancelled.filter(({ wasLeftOpen }) => wasLeftOpen).length,
    cancel_close_p99_ms: quantile(times, 0.99),
    cancel_close_p50_ms: quantile(times, 0.5),
    cancels: cancelled.length,
    unconfirmed_cancels: cancelled.filter(({ finish }) => finish !== 'cancelled').length,
    after_cancel: cancelled.reduce((sum, { afterCancel }) => sum + afterCancel, 0),
  };
}

/** The slowest of each stage. */
export function describeCancels(cancelled: readonly Cancelled[]): string {
  const stages = [...new Set(cancelled.map(({ stage }) => stage))];
  const slowest = stages.map((stage) => {
    const times = cancelled.filter((one) => one.stage === stage).map(({ closeMs }) => closeMs);
    return `${stage} ${quantile(times, 1).toFixed(1)}`;
  });
  return `slowest cancel by stage, in ms: ${slowest.join(' · ')}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
