import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopWatch {
  /** Ends the watch. */
  end(): LoopFigures;
}

export interface LoopFigures {
  /** How late the loop came at most: what it did itself, and what the machine did instead of it. */
  readonly delayMaxMs: number;
  /** The longest stretch of work in one turn, in CPU time of this thread: the loop's own part of it. */
  readonly busyMaxMs: number;
}

/** The histogram's own timer: a delay is what it records beyond this. */
const RESOLUTION_MS = 1;

/** Watches the event loop of this thread. */
export function watchLoop(): LoopWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let busyMaxMs = 0;
  let last = cpuMs();
  const turn = (): void => {
    const now = cpuMs();
    busyMaxMs = Math.max(busyMaxMs, now - last);
    last = now;
    timer = setTimeout(turn, 1);
  };
  let timer = setTimeout(turn, 1);
  return {
    end: () => {
      clearTimeout(timer);
      delay.disable();
      return { delayMaxMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS), busyMaxMs };
    },
  };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
