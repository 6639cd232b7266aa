import { EXIT } from './command.ts';

/** npm and the terminal both pass one Ctrl-C on: a second signal within this time is the first one again. */
const SAME_SIGNAL_MS = 1000;

/** Calls at each Ctrl-C, or SIGTERM, of the user. Returns how to stop listening. */
export function onInterrupt(listener: () => void): () => void {
  let lastAt = Number.NEGATIVE_INFINITY;
  const onSignal = (): void => {
    const now = performance.now();
    const isSame = now - lastAt < SAME_SIGNAL_MS;
    lastAt = now;
    if (!isSame) listener();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
  };
}

/** Aborted by the first Ctrl-C; a second one ends the process at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  onInterrupt(() => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  });
  return controller.signal;
}
