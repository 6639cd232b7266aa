import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { TurnOutcome } from '#src/ports/store.ts';
import { conversations } from '#src/store/conversations/conversations.ts';
import { conversationsFile } from '#src/store/files.ts';
import { migrate } from '#src/store/migrate.ts';
import { CONVERSATIONS_MIGRATIONS } from '#src/store/migrations/conversations.ts';
import { openDatabase, transaction } from '#src/store/sqlite.ts';
import { toOutcomeColumns } from '#src/store/conversations/turn-row.ts';
import type { Benchmark } from '../benchmark.ts';
import { withService } from '../service-process.ts';
import { median } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const LONG = 10_000;
const SHORT = 10;
const ROUNDS = 200;
const QUICK_ROUNDS = 60;
/** Not counted: until the service is warm. */
const WARM_UP_ROUNDS = 10;
/** No log reaches so far: the client gets a snapshot. */
const BEYOND_THE_LOG = 999_999_999_999_999;

/** How long a session takes to open that has many turns, against one that has few. */
export const benchmark: Benchmark = {
  // Above 1 for noise: what grows with the history would be far above this.
  targets: { open_ratio: { max: 1.5 }, accepted_ratio: { max: 1.5 }, snapshot_10000_ms: { max: 25 } },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const rounds = WARM_UP_ROUNDS + (isQuick ? QUICK_ROUNDS : ROUNDS);
      writeSession(dataDir, 'long', LONG);
      // One for each round: those that are asked anything grow.
      for (let round = 0; round < rounds; round += 1) writeSession(dataDir, `short-${round}`, SHORT);
      const times = await withService({ dataDir }, ({ port }) => measureRounds(port, rounds));
      const figures = Object.fromEntries(Object.entries(times).map(([key, values]) => [key, median(values)]));
      const ratio = (what: string): number => (figures[`${what}_${LONG}_ms`] ?? NaN) / (figures[`${what}_${SHORT}_ms`] ?? NaN);
      return {
        figures: { open_ratio: ratio('open'), accepted_ratio: ratio('accepted'), ...figures },
        notes: [`medians of ${rounds - WARM_UP_ROUNDS}; open: from connect to ready; snapshot: to the snapshot of the latest 100 turns; accepted: to the accepted of a question`],
      };
    }),
};

function writeSession(dataDir: string, session: string, turns: number): void {
  const database = openDatabase(conversationsFile(dataDir));
  migrate(database, CONVERSATIONS_MIGRATIONS);
  const apply = conversations(database);
  const tenant = 'default';
  transaction(database, 'immediate', () => {
    for (let at = 0; at < turns; at += 1) {
      const id = randomUUID();
      apply({ type: 'accept-turn', tenant, turn: { id, session, askId: `ask-${at}`, question: 'What is a supervisor?', options: {}, acceptedAt: at } });
      apply({ type: 'end-turn', tenant, turn: id, outcome: toOutcomeColumns(OUTCOME), endedAt: at });
    }
  });
  database.close();
}

const OUTCOME: TurnOutcome = {
  state: 'answered',
  end: {
    answer: 'A supervisor is a process that watches its children. '.repeat(8),
    citations: [],
    sources: [],
    cache_hit: false,
    latency_ms: 5,
    degraded: [],
    finish: 'stop',
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    model: 'extractive:quotes',
  },
};

async function measureRounds(port: number, rounds: number): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    const sessions = [{ session: 'long', turns: LONG }, { session: `short-${round}`, turns: SHORT }];
    for (const { session, turns } of round % 2 === 0 ? sessions : sessions.toReversed()) {
      const note = (what: string, ms: number): void => {
        if (round >= WARM_UP_ROUNDS) (times[`${what}_${turns}_ms`] ??= []).push(ms);
      };
      const ask = { type: 'ask', id: `round-${round}`, question: `What is child ${session}-${round}?` };
      note('open', await timeFrame(port, `session=${session}`, { type: 'ready' }));
      note('snapshot', await timeFrame(port, `session=${session}&after=${BEYOND_THE_LOG}`, { type: 'snapshot' }));
      note('accepted', await timeFrame(port, `session=${session}`, { type: 'accepted', last: 'answer-end', first: ask }));
    }
  }
  return times;
}

interface Visit {
  /** The frame that is waited for. */
  readonly type: string;
  /** The frame after which the socket is closed. @defaultValue the one that is waited for */
  readonly last?: string;
  /** Sent as soon as the socket is open. */
  readonly first?: object;
}

/** Milliseconds from connect to the first frame of the type. */
async function timeFrame(port: number, query: string, { type, last = type, first }: Visit): Promise<number> {
  const startedMs = performance.now();
  let tookMs = NaN;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws?${query}`);
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => first !== undefined && socket.send(JSON.stringify(first)));
    socket.on('message', (data: Buffer) => {
      const frame = data.subarray(0, 40).toString();
      if (frame.startsWith(`{"type":"${type}"`)) tookMs = performance.now() - startedMs;
      if (frame.startsWith(`{"type":"${last}"`)) resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the socket closed before ${last}`)));
  });
  socket.removeAllListeners('close');
  socket.terminate();
  return tookMs;
}
