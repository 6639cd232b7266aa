import type { Benchmark, Figures } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import type { Corpus } from '../documents.ts';
import { questionsAbout, readCorpus } from '../documents.ts';
import { ingest } from '../ingest.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withService } from '../service-process.ts';
import { median, quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { BareReply, BareRequest } from './bare-server.ts';
import type { LoadReport, LoadRequest } from './http-load.ts';

const BARE_SERVER = new URL('./bare-server.ts', import.meta.url);
const HTTP_LOAD = new URL('./http-load.ts', import.meta.url);
const CONNECTIONS = 16;

interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  /** New questions are asked in blocks, of which the median counts. */
  readonly blocks: number;
  readonly questionsPerBlock: number;
  /** Questions until the compiler has come to rest. */
  readonly warmUpQuestions: number;
  readonly hits: number;
}

const WHOLE: Effort = { rounds: 9, roundMs: 3000, blocks: 7, questionsPerBlock: 200, warmUpQuestions: 1200, hits: 5000 };
const QUICK: Effort = { rounds: 7, roundMs: 1000, blocks: 5, questionsPerBlock: 100, warmUpQuestions: 1200, hits: 2000 };

/** What `POST /query` costs: answered from the cache, against a bare route with the same bytes, and computed. */
export const benchmark: Benchmark = {
  targets: { cached_ratio: { min: 0.5 }, cache_hit_ms: { max: 1 }, uncached_cpu_ms: { max: 3 } },
  measure: ({ isQuick }) =>
    withTemporaryDirectory((dataDir) =>
      withService({ dataDir }, (service) =>
        withChild(HTTP_LOAD, async (client) => {
          const corpus = readCorpus();
          await ingest(service.url, corpus.documents);
          const figures = await measureAll({ service, client }, corpus, isQuick ? QUICK : WHOLE);
          const notes = [corpus.note, 'cached_ratio: median of alternating rounds; cache_hit_ms: median from head to last byte, in the process, one connection'];
          return { figures, notes };
        }),
      ),
    ),
};

/** The service under measurement and the process that loads it. */
interface Bench {
  readonly service: ServiceProcess;
  readonly client: Child;
}

async function measureAll(bench: Bench, corpus: Corpus, effort: Effort): Promise<Figures> {
  const uncached = await measureUncached(bench, corpus, effort);
  const ratios = await measureRatio(bench, effort);
  const hits = await measureHits(bench, effort);
  return { ...ratios, ...hits, ...uncached };
}

/** CPU of the whole process for a question that was never asked: search, quotes, citations, the turn on disk. */
async function measureUncached({ service, client }: Bench, corpus: Corpus, effort: Effort): Promise<Figures> {
  const { blocks, questionsPerBlock, warmUpQuestions } = effort;
  const bodies = questionsAbout(corpus, warmUpQuestions + blocks * questionsPerBlock).map((question) => JSON.stringify({ question }));
  const askAll = async (asked: readonly string[]): Promise<{ cpuMs: number; perSecond: number }> => {
    const before = await service.probe('read');
    const load: LoadRequest = { port: service.port, path: '/query', bodies: asked, connections: CONNECTIONS };
    const { requests, seconds } = await client.ask<LoadReport>(load);
    const after = await service.probe('read');
    return { cpuMs: (after.cpuUs - before.cpuUs) / 1000 / requests, perSecond: requests / seconds };
  };
  await askAll(bodies.slice(0, warmUpQuestions));
  const measured = [];
  for (let start = warmUpQuestions; start < bodies.length; start += questionsPerBlock) {
    measured.push(await askAll(bodies.slice(start, start + questionsPerBlock)));
  }
  return { uncached_cpu_ms: median(measured.map(({ cpuMs }) => cpuMs)), uncached_per_s: median(measured.map(({ perSecond }) => perSecond)) };
}

const CACHED_QUESTION = JSON.stringify({ question: 'What is the BEAM?' });

/** Rounds on the service and on the bare route by turns, so that a change of the machine's speed meets both. */
function measureRatio({ service, client }: Bench, { rounds, roundMs }: Effort): Promise<Figures> {
  return withChild(BARE_SERVER, async (bare) => {
    const body = await cachedBody({ service, client });
    const { port } = await bare.ask<BareReply>({ body } satisfies BareRequest);
    const perSecond = async (target: number, durationMs: number): Promise<number> => {
      const report = await client.ask<LoadReport>({ port: target, path: '/query', bodies: [CACHED_QUESTION], connections: CONNECTIONS, durationMs } satisfies LoadRequest);
      return report.requests / report.seconds;
    };
    for (const target of [service.port, port]) await perSecond(target, roundMs);
    const cached: number[] = [];
    const plain: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      cached.push(await perSecond(service.port, roundMs));
      plain.push(await perSecond(port, roundMs));
    }
    const ratios = cached.map((value, round) => value / (plain[round] ?? NaN));
    return { cached_ratio: median(ratios), cached_per_s: median(cached), bare_per_s: median(plain), body_bytes: Buffer.byteLength(body) };
  });
}

/** The answer as the cache gives it. Throws when the question was not kept. */
async function cachedBody({ service, client }: Bench): Promise<string> {
  const bodies = [CACHED_QUESTION, CACHED_QUESTION];
  const { lastBody } = await client.ask<LoadReport>({ port: service.port, path: '/query', bodies, connections: 1 } satisfies LoadRequest);
  if ((JSON.parse(lastBody) as { readonly cache_hit: boolean }).cache_hit) return lastBody;
  throw new Error(`the question was not answered from the cache: ${lastBody.slice(0, 200)}`);
}

async function measureHits({ service, client }: Bench, { hits }: Effort): Promise<Figures> {
  await service.probe('time-requests');
  const bodies = Array.from({ length: hits }, () => CACHED_QUESTION);
  await client.ask<LoadReport>({ port: service.port, path: '/query', bodies, connections: 1 } satisfies LoadRequest);
  const { requestsMs } = await service.probe('read');
  return { cache_hit_ms: median(requestsMs), cache_hit_p99_ms: quantile(requestsMs, 0.99) };
}
