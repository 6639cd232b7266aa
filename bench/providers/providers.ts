import type { Benchmark, Figures, Measured } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import { ingest } from '../ingest.ts';
import type { LoadReport, LoadRequest } from '../query/http-load.ts';
import { freePort, withService } from '../service-process.ts';
import type { ServiceProcess } from '../service-process.ts';
import { median, quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { ChainReport, ChainRequest } from './chain.ts';
import { withConversations } from './conversation.ts';
import type { Asked, Conversation } from './conversation.ts';
import { jainIndex } from './fairness.ts';
import { fsyncTimeMs } from './fsync-time.ts';
import { makeDocuments, makeQuestion } from './material.ts';
import { withEmulators } from './with-emulators.ts';
import type { EmulatedProviders } from './with-emulators.ts';

const WATCHED_SERVICE = new URL('./watched-service.mjs', import.meta.url);
const CHAIN = new URL('./chain.ts', import.meta.url);
const HTTP_LOAD = new URL('../query/http-load.ts', import.meta.url);
const DOCUMENTS = 60;
/** Where the service keeps the vectors of its one tenant. */
const NAMESPACE = 'default';
/** Questions at the same time while the heap is watched. */
const LOAD_CONNECTIONS = 8;
/** As many sources as a question may have fill the caches and the frame log before the heap is first measured. */
const HEAP_TOP_K = 50;
const SESSION_IDLE_MS = 1000;
const SMALL_CACHES = {
  BANYAN_CACHE_MAX_BYTES: '1048576',
  BANYAN_EMBEDDING_CACHE_ENTRIES: '100',
  BANYAN_SESSION_IDLE_MS: String(SESSION_IDLE_MS),
};

interface Effort {
  readonly warmUp: number;
  readonly rounds: number;
  readonly questionsPerRound: number;
  readonly streams: number;
  /** Until the heap is measured the first time. */
  readonly fillQuestions: number;
  /** Until it is measured again. */
  readonly heapQuestions: number;
}

/** 3000 questions are ten minutes' worth of a service that answers 5 a second. */
const WHOLE: Effort = { warmUp: 600, rounds: 10, questionsPerRound: 50, streams: 200, fillQuestions: 1500, heapQuestions: 3000 };
const QUICK: Effort = { warmUp: 300, rounds: 5, questionsPerRound: 30, streams: 200, fillQuestions: 900, heapQuestions: 350 };

/** What the service adds to the calls of Titan, Pinecone and Gemini that it makes, at providers without delay. */
export const benchmark: Benchmark = {
  targets: {
    added_query_ms: { max: 2 },
    added_first_token_ms: { max: 1.5 },
    failures: { max: 0 },
    fairness_jain: { min: 0.95 },
    heap_growth_share: { max: 0.05 },
  },
  measure: ({ isQuick }) =>
    withTemporaryDirectory((dataDir) =>
      withEmulators({ keepRequests: 10 }, async (emulators) => {
        const heapPort = await freePort();
        const env = { ...emulators.environment, ...SMALL_CACHES, BANYAN_RERANKER: 'none' };
        const options = { dataDir, entry: WATCHED_SERVICE, args: [String(heapPort)], env };
        return await withService(options, (service) => measure({ service, emulators, dataDir, heapPort }, isQuick ? QUICK : WHOLE));
      }),
    ),
};

interface Bench {
  readonly service: ServiceProcess;
  readonly emulators: EmulatedProviders;
  readonly dataDir: string;
  readonly heapPort: number;
}

async function measure(bench: Bench, effort: Effort): Promise<Measured> {
  const questions = new Questions();
  await ingest(bench.service.url, makeDocuments(DOCUMENTS));
  const added = await measureAdded(bench, questions, effort);
  const streams = await measureStreams(bench.service, questions, effort);
  const heap = await measureHeap(bench, questions, effort);
  const notes = [
    'query_ms: POST /query from head to last byte, in the process; first_token_ms: over a WebSocket, from the question to the first delta, at the client',
    'added_query_ms is without two fsyncs (fsync_ms), added_first_token_ms without the one that comes before it; both are medians',
  ];
  return { figures: { ...added, ...streams, ...heap }, notes };
}

/** New ones every time. */
class Questions {
  #next = 0;

  take(count: number): readonly string[] {
    return Array.from({ length: count }, () => makeQuestion((this.#next += 1), DOCUMENTS));
  }
}

/** Rounds of the chain, of REST and of a WebSocket by turns, so that a change of the machine's speed meets all. */
function measureAdded({ service, emulators, dataDir }: Bench, questions: Questions, effort: Effort): Promise<Figures> {
  return withChild(CHAIN, (chain) =>
    withChild(HTTP_LOAD, (client) =>
      withConversations(service.url, 1, async ([conversation]) => {
        if (conversation === undefined) throw new Error('there is no conversation');
        const round = async (count: number): Promise<Round> => {
          const { environment } = emulators;
          const plain = await chain.ask<ChainReport>({ environment, namespace: NAMESPACE, questions: questions.take(count) } satisfies ChainRequest);
          const queryMs = await timeQueries(service, client, questions.take(count));
          const firstTokenMs = await timeFirstTokens(conversation, questions.take(count));
          return { chainMs: plain.totalMs, chainFirstTokenMs: plain.firstTokenMs, queryMs, firstTokenMs, fsyncMs: [await fsyncTimeMs(dataDir)] };
        };
        await service.probe('time-requests');
        await round(effort.warmUp);
        const rounds: Round[] = [];
        while (rounds.length < effort.rounds) rounds.push(await round(effort.questionsPerRound));
        return addedFigures(rounds);
      }),
    ),
  );
}

type Round = Readonly<Record<'chainMs' | 'chainFirstTokenMs' | 'queryMs' | 'firstTokenMs' | 'fsyncMs', readonly number[]>>;

function addedFigures(rounds: readonly Round[]): Figures {
  const medianOf = (key: keyof Round): number => median(rounds.flatMap((round) => round[key]));
  const fsyncMs = medianOf('fsyncMs');
  return {
    added_query_ms: medianOf('queryMs') - medianOf('chainMs') - 2 * fsyncMs,
    added_first_token_ms: medianOf('firstTokenMs') - medianOf('chainFirstTokenMs') - fsyncMs,
    fsync_ms: 2 * fsyncMs,
    query_ms: medianOf('queryMs'),
    chain_ms: medianOf('chainMs'),
    first_token_ms: medianOf('firstTokenMs'),
    chain_first_token_ms: medianOf('chainFirstTokenMs'),
  };
}

async function timeQueries(service: ServiceProcess, client: Child, questions: readonly string[]): Promise<readonly number[]> {
  const bodies = questions.map((question) => JSON.stringify({ question }));
  const { lastBody } = await client.ask<LoadReport>({ port: service.port, path: '/query', bodies, connections: 1 } satisfies LoadRequest);
  checkAnswer(JSON.parse(lastBody) as Answer);
  return (await service.probe('read')).requestsMs;
}

interface Answer {
  readonly finish: string;
  readonly model: string;
  readonly degraded: readonly string[];
  readonly cache_hit: boolean;
}

/** Throws where something else was measured than meant. */
function checkAnswer({ finish, model, degraded, cache_hit: isCached }: Answer): void {
  if (finish === 'stop' && model.startsWith('gemini:') && degraded.length === 0 && !isCached) return;
  throw new Error(`expected a new answer of Gemini, got: ${finish} of ${model}, cached: ${isCached}, without ${degraded.join(', ') || 'nothing'}`);
}

async function timeFirstTokens(conversation: Conversation, questions: readonly string[]): Promise<readonly number[]> {
  const times: number[] = [];
  for (const question of questions) {
    const { firstTokenMs } = await conversation.ask(question);
    if (firstTokenMs === undefined) throw new Error('a question was answered without a delta');
    times.push(firstTokenMs);
  }
  return times;
}

/** All at once, each in a session of its own. */
function measureStreams({ url }: ServiceProcess, questions: Questions, { streams }: Effort): Promise<Figures> {
  return withConversations(url, streams, async (conversations) => {
    const asked = questions.take(streams);
    const answers = await Promise.all(conversations.map((conversation, index) => conversation.ask(asked[index] ?? '')));
    const times = answers.map(({ endMs = Number.NaN }) => endMs);
    return {
      failures: answers.filter((answer) => !isWhole(answer)).length,
      fairness_jain: jainIndex(times),
      stream_p50_ms: median(times),
      stream_max_ms: quantile(times, 1),
    };
  });
}

function isWhole({ end }: Asked): boolean {
  return end?.type === 'answer-end' && end['finish'] === 'stop' && (end['degraded'] as readonly string[]).length === 0;
}

async function measureHeap({ service, heapPort }: Bench, questions: Questions, { fillQuestions, heapQuestions }: Effort): Promise<Figures> {
  return await withChild(HTTP_LOAD, async (client) => {
    const heapAfter = async (count: number): Promise<number> => {
      const bodies = questions.take(count).map((question) => JSON.stringify({ question, top_k: HEAP_TOP_K }));
      await client.ask<LoadReport>({ port: service.port, path: '/query', bodies, connections: LOAD_CONNECTIONS } satisfies LoadRequest);
      await service.probe('read');
      await new Promise((resolve) => setTimeout(resolve, 2 * SESSION_IDLE_MS));
      return Number(await (await fetch(`http://127.0.0.1:${heapPort}/`)).text());
    };
    const before = await heapAfter(fillQuestions);
    const after = await heapAfter(heapQuestions);
    return { heap_growth_share: after / before - 1, heap_mb: after / 2 ** 20, peak_rss_mb: service.memoryMb().peak };
  });
}
