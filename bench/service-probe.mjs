/**
 * Loaded into a process under measurement with `--import`; plain JavaScript, so that it costs the process no type
 * stripping. Answers over the IPC channel what only the process itself can see.
 */
import { subscribe } from 'node:diagnostics_channel';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** The histogram's own timer: a delay is what it records beyond this. */
const RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;

const loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
/** @type {number[] | undefined} milliseconds of each request, from its head to its last byte */
let requestsMs;
/** @type {WeakMap<object, number>} */
const started = new WeakMap();

process.on('message', (message) => process.send?.(answer(message)));
process.channel?.unref();

/** @param {unknown} message */
function answer(message) {
  if (message === 'time-requests') timeRequests();
  if (message === 'watch-loop') loopDelay.enable();
  if (message === 'reset-loop') loopDelay.reset();
  const { user, system } = process.cpuUsage();
  return {
    cpuUs: user + system,
    loopDelayP99Ms: delayMs(loopDelay.percentile(99)),
    loopDelayMaxMs: delayMs(loopDelay.max),
    requestsMs: requestsMs?.splice(0) ?? [],
  };
}

/** @param {number} ns */
function delayMs(ns) {
  return Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
}

function timeRequests() {
  const times = [];
  requestsMs = times;
  subscribe('http.server.request.start', ({ request }) => started.set(request, performance.now()));
  subscribe('http.server.response.finish', ({ request }) => times.push(performance.now() - (started.get(request) ?? NaN)));
}
