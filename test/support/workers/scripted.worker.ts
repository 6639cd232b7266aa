import { ServiceError } from '#src/errors.ts';
import { serveWorker } from '#supervisors/kernel/handles/worker-endpoint.ts';

/** How a test wants the worker to start. */
export interface ScriptedInput {
  readonly start?: 'service-error' | 'throw' | 'hang';
  readonly close?: 'throw' | 'hang';
}

export interface ScriptedEvent {
  readonly type: 'echo' | 'refuse' | 'silent' | 'throw' | 'exit' | 'loop' | 'fill-memory' | 'batches' | 'reject';
  readonly value?: unknown;
}

const batches: unknown[][] = [];

serveWorker<ScriptedInput, ScriptedEvent>((input) => {
  if (input.start === 'service-error') throw new ServiceError('STORE_TOO_NEW', 'version 9', { details: [{ field: 'version' }] });
  if (input.start === 'throw') throw new RangeError('no start');
  if (input.start === 'hang') loop();
  return {
    info: { thread: 'scripted' },
    close: () => {
      if (input.close === 'throw') throw new Error('cannot close');
      if (input.close === 'hang') loop();
    },
    handle: (requests) => {
      batches.push(requests.map(({ event }) => event.value));
      for (const { event, reply, fail } of requests) {
        const answer = answers[event.type];
        if (event.type === 'refuse') fail(new ServiceError('STORE_FULL', 'no room', { retryAfterMs: 7 }));
        else if (event.type !== 'silent') reply(answer?.(event.value));
      }
    },
  };
});

const answers: Partial<Record<ScriptedEvent['type'], (value: unknown) => unknown>> = {
  echo: (value) => value,
  batches: () => batches,
  throw: () => {
    throw new TypeError('thrown in the worker');
  },
  exit: () => process.exit(3),
  reject: () => void Promise.reject(new Error('rejected in the worker')),
  loop,
  'fill-memory': () => {
    const kept: number[][] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index));
  },
};

function loop(): never {
  for (;;);
}
