import type { Benchmark, Figures } from '../benchmark.ts';
import type { Corpus } from '../documents.ts';
import { questionsAbout, readCorpus } from '../documents.ts';
import { ingest, postJson } from '../ingest.ts';
import { withKnowledge } from '../knowledge.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withService } from '../service-process.ts';
import { quantile } from '../statistics.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';

const LIMIT = 5;
const LANGUAGE = 'en';

/** Documents through the whole path: HTTP, job, chunks, index, disk; then searches over them. */
export const benchmark: Benchmark = {
  targets: { seed_s: { max: 6 }, peak_rss_mb: { max: 400 }, search_p95_ms: { max: 5 }, loop_delay_max_ms: { max: 30 } },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const corpus = readCorpus();
      const questions = questionsAbout(corpus, isQuick ? 200 : 500);
      const seeded = await withService({ dataDir }, (service) => measureSeed(service, corpus, questions));
      const search_p95_ms = await measureSearch(dataDir, questions);
      const notes = [corpus.note, 'search_p95_ms: of the supervised store, as a query actor asks it; query_p95_ms: of POST /query, not cached'];
      return { figures: { ...seeded, search_p95_ms }, notes };
    }),
};

async function measureSeed(service: ServiceProcess, corpus: Corpus, questions: readonly string[]): Promise<Figures> {
  await service.probe('watch-loop');
  const startedMs = performance.now();
  await ingest(service.url, corpus.documents);
  const seed_s = (performance.now() - startedMs) / 1000;
  const { loopDelayMaxMs } = await service.probe('read');
  const peak_rss_mb = service.memoryMb().peak;
  const query_p95_ms = await p95Ms(questions, (question) => postJson(`${service.url}/query`, { question }));
  return { seed_s, peak_rss_mb, loop_delay_max_ms: loopDelayMaxMs, query_p95_ms };
}

function measureSearch(directory: string, questions: readonly string[]): Promise<number> {
  return withKnowledge({ directory }, (knowledge) =>
    p95Ms(questions, (question) => knowledge.search({ question, limit: LIMIT, language: LANGUAGE })),
  );
}

async function p95Ms(questions: readonly string[], ask: (question: string) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const question of questions) {
    const startedMs = performance.now();
    await ask(question);
    times.push(performance.now() - startedMs);
  }
  return quantile(times, 0.95);
}
