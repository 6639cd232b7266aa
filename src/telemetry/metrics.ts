import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Seconds. From an answer out of the cache (below 1 ms) to the longest turn. */
const QUERY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Seconds. From a restart of an actor (some 50 µs) to a worker thread that opens its files, or a long back-off. */
const RESTART_BUCKETS = [0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 5, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Makes every metric of the service in a registry of its own; `/metrics` shows `registry`.
 * No label names a user, a session or a question: `actor` is a child's id, for dynamic children their kind.
 * `withProcess` adds the process's own: CPU, memory, delay of the event loop, garbage collection.
 */
export function createMetrics({ withProcess }: { withProcess: boolean }) {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry });
  return { registry, ...queryMetrics(registry), ...actorMetrics(registry), ...socketMetrics(registry), ...providerMetrics(registry) };
}

function queryMetrics(registry: Registry) {
  const registers = [registry];
  return {
    queries: new Counter({ name: 'rag_queries_total', help: 'Questions that were answered or failed', registers }),
    queryDuration: new Histogram({
      name: 'rag_query_duration_seconds',
      help: 'Time from a question to the end of its answer',
      buckets: QUERY_BUCKETS,
      registers,
    }),
    cacheHits: new Counter({ name: 'rag_cache_hits_total', help: 'Questions answered from the cache', registers }),
    cacheMisses: new Counter({ name: 'rag_cache_misses_total', help: 'Questions that were computed', registers }),
    errors: new Counter({ name: 'rag_errors_total', help: 'Failures by error code', labelNames: ['type'], registers }),
    activeRequests: new Gauge({ name: 'rag_active_requests', help: 'Questions being answered', registers }),
  };
}

function actorMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['actor', 'supervisor'] as const;
  return {
    actorRestarts: new Counter({ name: 'banyan_actor_restarts_total', help: 'Children started again', labelNames, registers }),
    actorRestartDuration: new Histogram({
      name: 'banyan_actor_restart_seconds',
      help: 'Time from the end of a child to its new start',
      labelNames,
      buckets: RESTART_BUCKETS,
      registers,
    }),
    actorExits: new Counter({
      name: 'banyan_actor_exits_total',
      help: 'Ends of children by reason: normal, shutdown, killed, noproc, error',
      labelNames: [...labelNames, 'reason'] as const,
      registers,
    }),
    mailboxRefusals: new Counter({
      name: 'banyan_mailbox_refusals_total',
      help: 'Events that found a full mailbox',
      labelNames: ['actor'],
      registers,
    }),
    strayFailures: new Counter({
      name: 'banyan_stray_failures_total',
      help: 'Asynchronous failures that nobody caught',
      registers,
    }),
  };
}

function providerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    providerCalls: new Counter({
      name: 'banyan_provider_calls_total',
      help: 'Calls to providers; refused are those that a guard let not be sent',
      labelNames: ['account', 'outcome'],
      registers,
    }),
    shortenedPrompts: new Counter({
      name: 'banyan_shortened_prompts_total',
      help: 'Answers whose model had no room for all that was found',
      labelNames: ['model'],
      registers,
    }),
    tokens: new Counter({
      name: 'banyan_tokens_total',
      help: 'Tokens that models read and wrote, as their providers count them',
      labelNames: ['model', 'direction'],
      registers,
    }),
    cost: new Counter({
      name: 'banyan_cost_usd_total',
      help: 'Price of these tokens, of models whose price is known',
      labelNames: ['model'],
      registers,
    }),
    frameLogFailures: new Counter({
      name: 'banyan_frame_log_failures_total',
      help: 'Times that the disk refused the frame log, which then went on in memory alone',
      registers,
    }),
    tokensAfterCancel: new Counter({
      name: 'banyan_tokens_after_cancel_total',
      help: 'Pieces of text that came for a turn which had ended, or been stopped, before; none is logged',
      registers,
    }),
    providerCallDuration: new Histogram({
      name: 'banyan_provider_call_duration_seconds',
      help: 'From the sending of a call to its end, of a stream to its last part',
      labelNames: ['account'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
  };
}

/** Counted by hand and told when asked: a counter's `inc` would cost a twentieth of sending the frame. */
function countedFrames(registers: Registry[]): { count: number } {
  const sent = { count: 0 };
  const counter: Counter = new Counter({
    name: 'banyan_frames_total',
    help: 'Frames given to WebSockets',
    registers,
    collect: () => {
      counter.reset();
      counter.inc(sent.count);
    },
  });
  return sent;
}

function socketMetrics(registry: Registry) {
  const registers = [registry];
  return {
    sockets: new Gauge({ name: 'banyan_sockets', help: 'Open WebSockets', registers }),
    slowSockets: new Counter({
      name: 'banyan_slow_sockets_total',
      help: 'WebSockets closed because their client read too slowly',
      registers,
    }),
    framesSent: countedFrames(registers),
  };
}
