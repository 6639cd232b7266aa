import { openIdleSocket } from './idle-socket.ts';

/** Opens so many sockets, so many at a time, each of a session of its own; answers with `JoinReport`. They stay open. */
export interface JoinRequest {
  readonly port: number;
  readonly sockets: number;
  readonly atOnce: number;
}

export interface JoinReport {
  /** From the first connect to the last `ready`. */
  readonly seconds: number;
  /** From connect to `ready`, of each socket. */
  readonly joinsMs: readonly number[];
}

process.on('message', (request: JoinRequest) => {
  join(request).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function join({ port, sockets, atOnce }: JoinRequest): Promise<JoinReport> {
  const joinsMs: number[] = [];
  let opened = 0;
  const openNext = async (): Promise<void> => {
    while (opened < sockets) {
      opened += 1;
      const startedMs = performance.now();
      await openIdleSocket(port);
      joinsMs.push(performance.now() - startedMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, openNext));
  return { seconds: (performance.now() - startedMs) / 1000, joinsMs };
}
