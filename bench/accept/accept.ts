import type { NewDocument } from '#src/ports/store.ts';
import type { Benchmark, Figures } from '../benchmark.ts';
import type { Child } from '../child.ts';
import { withChild } from '../child.ts';
import { generateCorpus } from '../documents.ts';
import { ingest, postJson } from '../ingest.ts';
import type { ServiceProcess } from '../service-process.ts';
import { withService } from '../service-process.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { AskingReport, AskingRequest } from './asking-clients.ts';
import type { LoggingReport, LoggingRequest } from './bare-log.ts';

const CLIENTS = new URL('./asking-clients.ts', import.meta.url);
const BARE_LOG = new URL('./bare-log.ts', import.meta.url);
const SESSIONS = 1000;
/** What the sessions ask in the longer run, with some to spare. */
const QUEUE_LENGTH = 100;
const QUESTIONS = 20;
/** Somewhat more than the target: a service that bears just that would be at its limit. */
const PER_SECOND = 2100;
/** Of the first questions, whose answers begin: that costs several times as much as to accept one. */
const BEGUN_PER_SECOND = 500;
const WINDOW_MS = 15_000;
const QUICK_WINDOW_MS = 6000;
/** Cuts the corpus, indexed in two seconds, into some 14 000 chunks. */
const SMALL_CHUNKS = { chunk_size: 64, overlap: 10 };
/** As `banyan seed` sends them. */
const DOCUMENTS_PER_REQUEST = 32;
/** A first word at once and the next one after minutes: answers that outlast the run, and nothing cuts them short. */
const SLOW_ANSWERS = { BANYAN_EXTRACTIVE_RATE: '0.005', BANYAN_TURN_TIMEOUT_MS: '300000', BANYAN_TOKEN_IDLE_TIMEOUT_MS: '300000' };

/** Questions over WebSocket that are taken to the disk: alone, and while documents are indexed. */
export const benchmark: Benchmark = {
  targets: {
    accepted_per_s: { min: 2000 },
    accept_p99_ms: { max: 25 },
  },
  measure: ({ isQuick }) =>
    withTemporaryDirectory(async (dataDir) => {
      const windowMs = isQuick ? QUICK_WINDOW_MS : WINDOW_MS;
      const env = { BANYAN_SESSION_QUEUE_LENGTH: String(QUEUE_LENGTH), BANYAN_DRAIN_TIMEOUT_MS: '0', BANYAN_LOG_LEVEL: 'error', ...SLOW_ANSWERS };
      const timeDisk = (): Promise<LoggingReport> => withChild(BARE_LOG, (disk) => disk.ask({ directory: dataDir, perSecond: PER_SECOND, durationMs: windowMs } satisfies LoggingRequest));
      const before = await timeDisk();
      const figures = await withService({ dataDir, env }, (service) => withChild(CLIENTS, (clients) => measureAccepts(service, clients, windowMs)));
      const after = await timeDisk();
      const bare = { bare_p50_ms: Math.max(before.p50Ms, after.p50Ms), bare_p99_ms: Math.max(before.p99Ms, after.p99Ms), bare_max_ms: Math.max(before.maxMs, after.maxMs) };
      const notes = [
        `${SESSIONS} sessions, asked in turn, ${PER_SECOND} questions a second; fsync is on`,
        'an answer runs in every session and does not end meanwhile: what is measured is accepted behind it and waits, and no answer competes with it',
        'an ask counts from when it was due to its `accepted`; of both runs, alone and beside indexing that goes on all the while, the worse',
        'bare: the same pace into a plain file with one fsync for all that have come, before and after, the worse; what the disk itself takes',
      ];
      return { figures: { ...figures, ...bare }, notes };
    }),
};

async function measureAccepts(service: ServiceProcess, clients: Child, windowMs: number): Promise<Figures> {
  await ingest(service.url, Array.from({ length: QUESTIONS }, (_, index) => topic(index)));
  const questions = Array.from({ length: QUESTIONS }, (_, index) => `What is thing number ${index}?`);
  const ask = (count: number, perSecond: number): Promise<AskingReport> => clients.ask({ type: 'ask', questions, perSecond, count } satisfies AskingRequest);
  await clients.ask({ type: 'open', url: `${service.url.replace('http', 'ws')}/ws`, sockets: SESSIONS } satisfies AskingRequest);
  await ask(SESSIONS, BEGUN_PER_SECOND);
  const asks = (PER_SECOND * windowMs) / 1000;
  const before = await service.probe('read');
  const alone = await ask(asks, PER_SECOND);
  const after = await service.probe('read');
  const asking = ask(asks, PER_SECOND);
  const chunks = await indexWhile(service.url, asking);
  const beside = await asking;
  return {
    accepted_per_s: Math.min(acceptedPerSecond(alone), acceptedPerSecond(beside)),
    accept_p99_ms: Math.max(alone.acceptP99Ms, beside.acceptP99Ms),
    ...prefixed('alone', alone),
    ...prefixed('indexing', beside),
    cpu_per_question_us: (after.cpuUs - before.cpuUs) / alone.accepted,
    indexed_chunks: chunks,
  };
}

function acceptedPerSecond({ accepted, seconds }: AskingReport): number {
  return accepted / seconds;
}

function prefixed(run: string, report: AskingReport): Figures {
  return {
    [`${run}_accepted_per_s`]: acceptedPerSecond(report),
    [`${run}_accept_p50_ms`]: report.acceptP50Ms,
    [`${run}_accept_p99_ms`]: report.acceptP99Ms,
    [`${run}_accept_max_ms`]: report.acceptMaxMs,
    [`${run}_refused`]: report.refused,
  };
}

function topic(index: number): NewDocument {
  return { id: `topics/${index}.md`, text: `# Thing ${index}\n\nThing number ${index} is a part of the house that holds the roof over room ${index}.` };
}

/** Indexes the corpus again and again, each time as other documents, from the first ask to the last; answers with the chunks. */
async function indexWhile(url: string, asking: Promise<unknown>): Promise<number> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  void asking.then(stop, stop);
  const { documents } = generateCorpus();
  let chunks = 0;
  for (let start = 0; !over.signal.aborted; start += DOCUMENTS_PER_REQUEST) {
    const batch = Array.from({ length: DOCUMENTS_PER_REQUEST }, (_, at) => ({ ...documents[(start + at) % documents.length], id: `corpus/${start + at}.md` }));
    const reply = await postJson<{ readonly chunks: number }>(`${url}/index`, { documents: batch, ...SMALL_CHUNKS, wait: true });
    chunks += reply.chunks;
  }
  return chunks;
}
