import { describe, expect, test } from 'vitest';
import { blowFuse, fuseName } from '#agents/fuse/fuse.agent.ts';
import { callProvider, governorName, governorStatus, hintRate, settingsChanged, streamProvider } from '#agents/governor/governor.agent.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { PROVIDER_FAILURES, ProviderError } from '#src/ports/provider-error.ts';
import { settled } from '../../support/simulated-clock.ts';
import { ACCOUNT, callBy, failure, FUSE, startGuards, stateOf, throttle } from './guards.ts';
import type { Guards } from './guards.ts';

const FUSE_NAME = fuseName(ACCOUNT);
const GOVERNOR = governorName(ACCOUNT);

function failWith(error: unknown): () => Promise<never> {
  return async () => {
    throw error;
  };
}

async function fail({ guards }: Guards, name: ProviderFailure, times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await expect(callProvider(guards, callBy(), failWith(failure(name)))).rejects.toMatchObject({ failure: name });
  }
}

/** A fuse that is half-open. */
async function startHalfOpen(): Promise<Guards> {
  const started = await startGuards();
  await fail(started, 'unavailable', FUSE.maxMelts + 1);
  await started.clock.advance(FUSE.refreshMs);
  expect(stateOf(started.kernel, FUSE_NAME)).toContain('half-open');
  return started;
}

describe('a guarded call', () => {
  test('brings what its run brings, and reports it', async () => {
    const { guards, reports, kernel, clock } = await startGuards();
    const run = async (): Promise<number> => {
      await clock.advance(30);
      return 7;
    };
    expect(await callProvider(guards, callBy(), run)).toBe(7);
    expect(reports).toEqual([{ account: ACCOUNT, outcome: 'ok', durationMs: 30, queuedMs: 0 }]);
    expect(governorStatus(kernel, ACCOUNT)).toMatchObject({ mode: 'free', inFlight: 0, concurrency: Infinity, ratePerSecond: Infinity });
  });

  test('arms no timer and waits for nobody when its guards are there', async () => {
    const { guards, clock } = await startGuards();
    await callProvider(guards, callBy(), () => Promise.resolve());
    const during = await callProvider(guards, callBy(), () => Promise.resolve(clock.pendingTimers));
    expect(during).toBe(0);
  });

  test('gives what is no ProviderError on as it is, and its slot back', async () => {
    const started = await startGuards();
    const bug = new TypeError('a bug');
    await expect(callProvider(started.guards, callBy(), failWith(bug))).rejects.toBe(bug);
    await expect(callProvider(started.guards, callBy(), () => { throw bug; })).rejects.toBe(bug);
    expect(governorStatus(started.kernel, ACCOUNT)?.inFlight).toBe(0);
    expect(stateOf(started.kernel, FUSE_NAME) ?? 'closed').toBe('closed');
    expect(started.reports.map(({ outcome }) => outcome)).toEqual(['error', 'error']);
  });

  test('whose signal is aborted already sends nothing', async () => {
    const { guards } = await startGuards();
    let isSent = false;
    const run = (): Promise<void> => Promise.resolve(void (isSent = true));
    await expect(callProvider(guards, callBy({ signal: AbortSignal.abort() }), run)).rejects.toMatchObject({ failure: 'aborted' });
    const stalled = failure('timeout');
    await expect(callProvider(guards, callBy({ signal: AbortSignal.abort(stalled) }), run)).rejects.toBe(stalled);
    expect(isSent).toBe(false);
  });
});

describe('the fuse of an account', () => {
  const failures = Object.keys(PROVIDER_FAILURES) as ProviderFailure[];

  test.for(failures.filter((name) => PROVIDER_FAILURES[name].melts))('is melted by %s', async (name) => {
    const started = await startGuards();
    await fail(started, name, FUSE.maxMelts + 1);
    await expect(callProvider(started.guards, callBy(), () => Promise.resolve())).rejects.toMatchObject({
      failure: 'unavailable',
      retryAfterMs: FUSE.refreshMs,
    });
    expect(stateOf(started.kernel, FUSE_NAME)).toBe('open');
    expect(started.reports.at(-1)).toMatchObject({ outcome: 'refused', durationMs: 0 });
  });

  test.for(failures.filter((name) => !PROVIDER_FAILURES[name].melts && !['auth', 'quota', 'rate_limited'].includes(name)))('is not melted by %s', async (name) => {
    const started = await startGuards();
    await fail(started, name, FUSE.maxMelts + 5);
    expect(await callProvider(started.guards, callBy(), () => Promise.resolve('sent'))).toBe('sent');
  });

  test.for(failures.filter((name) => !PROVIDER_FAILURES[name].melts && name !== 'aborted'))('is closed by a probe that the provider answers with %s', async (name) => {
    const started = await startHalfOpen();
    await fail(started, name);
    await settled();
    expect(stateOf(started.kernel, FUSE_NAME)).toBe('closed');
  });

  test.for([
    { onWireMs: 999, state: 'closed' },
    { onWireMs: 1001, state: 'open' },
  ])('is $state after a call that waited 1000 ms for its turn and ran out of time $onWireMs ms later', async ({ onWireMs, state }) => {
    const started = await startGuards({ fuse: { ...FUSE, maxMelts: 0 } });
    await throttle(started, 1000);
    const late = (): Promise<never> => new Promise((_, reject) => void started.clock.setTimeout(() => reject(failure('timeout')), onWireMs));
    const [called] = await Promise.allSettled([callProvider(started.guards, callBy(), late), started.clock.advance(3000)]);
    expect(called).toMatchObject({ reason: { failure: 'timeout' } });
    expect(started.reports.at(-1)).toMatchObject({ outcome: 'timeout', queuedMs: 1000, durationMs: onWireMs });
    expect(stateOf(started.kernel, FUSE_NAME) ?? 'closed').toBe(state);
  });

  test('is opened again by a probe that melts it', async () => {
    const started = await startHalfOpen();
    await fail(started, 'timeout');
    await settled();
    expect(stateOf(started.kernel, FUSE_NAME)).toBe('open');
  });

  test.for([failure('aborted'), new TypeError('a bug')])('lets another call probe after one that told nothing: %s', async (error) => {
    const { guards } = await startHalfOpen();
    await expect(callProvider(guards, callBy(), failWith(error))).rejects.toBe(error);
    expect(await callProvider(guards, callBy(), async () => 'sent')).toBe('sent');
  });

  test('lets another call probe after one that was given up while it waited for its turn', async () => {
    const { guards, kernel, clock } = await startHalfOpen();
    hintRate(kernel, ACCOUNT, { remaining: 0, resetMs: 1000 });
    await settled();
    const controller = new AbortController();
    const probe = callProvider(guards, callBy({ signal: controller.signal }), () => Promise.resolve('probed'));
    await settled();
    controller.abort();
    await expect(probe).rejects.toMatchObject({ failure: 'aborted' });
    await clock.advance(1000);
    expect(await callProvider(guards, callBy(), () => Promise.resolve('sent'))).toBe('sent');
  });

  test('lets one probe through at a time', async () => {
    const { guards } = await startHalfOpen();
    const probe = Promise.withResolvers<string>();
    const probing = callProvider(guards, callBy(), () => probe.promise);
    await settled();
    await expect(callProvider(guards, callBy(), () => Promise.resolve())).rejects.toMatchObject({ failure: 'unavailable' });
    probe.resolve('well');
    expect(await probing).toBe('well');
    expect(await callProvider(guards, callBy(), () => Promise.resolve('sent'))).toBe('sent');
  });

  test('that has died permits the call', async () => {
    const { guards, kernel } = await startGuards();
    await callProvider(guards, callBy(), () => Promise.resolve()).catch(() => undefined);
    await fail({ guards } as Guards, 'unavailable');
    kernel.kill(FUSE_NAME);
    expect(await callProvider(guards, callBy(), () => Promise.resolve('sent'))).toBe('sent');
  });

  test('that opens while a call waits for its turn keeps that call from being sent', async () => {
    const started = await startGuards();
    await callProvider(started.guards, callBy(), failWith(failure('rate_limited', { retryAfterMs: 1000 }))).catch(() => undefined);
    const waiting = callProvider(started.guards, callBy(), () => Promise.resolve('sent'));
    await settled();
    await blowFuse(started.kernel, FUSE_NAME);
    await Promise.all([expect(waiting).rejects.toMatchObject({ failure: 'unavailable' }), started.clock.advance(1000)]);
    expect(governorStatus(started.kernel, ACCOUNT)?.inFlight).toBe(0);
  });
});

describe('an account that is down', () => {
  test.for([['auth', 60_000], ['quota', 600_000]] as const)('%s: its calls fail at once until %d ms have passed', async ([name, downMs]) => {
    const started = await startGuards();
    await fail(started, name);
    await settled();
    expect(stateOf(started.kernel, GOVERNOR)).toBe('down');
    await started.clock.advance(downMs - 1000);
    let isSent = false;
    const run = (): Promise<void> => Promise.resolve(void (isSent = true));
    await expect(callProvider(started.guards, callBy(), run)).rejects.toMatchObject({ failure: name, retryAfterMs: 1000 });
    expect(isSent).toBe(false);
    await started.clock.advance(1000);
    expect(stateOf(started.kernel, GOVERNOR)).toBe('free');
    await callProvider(started.guards, callBy(), run);
    expect(isSent).toBe(true);
  });

  test('is up again as soon as it is told that the settings have changed', async () => {
    const started = await startGuards();
    await fail(started, 'auth');
    await settingsChanged(started.kernel);
    expect(await callProvider(started.guards, callBy(), () => Promise.resolve('sent'))).toBe('sent');
    expect(stateOf(started.kernel, GOVERNOR)).toBe('free');
    await settingsChanged(started.kernel, 'an/unknown/account');
  });

  test('tells those who wait', async () => {
    const started = await startGuards();
    const running = Promise.withResolvers<never>();
    const call = callProvider(started.guards, callBy(), () => running.promise);
    await settled();
    await fail(started, 'rate_limited');
    const waiting = callProvider(started.guards, callBy(), () => Promise.resolve());
    await settled();
    running.reject(failure('auth'));
    await expect(call).rejects.toMatchObject({ failure: 'auth' });
    await expect(waiting).rejects.toMatchObject({ failure: 'auth', retryAfterMs: 60_000 });
  });

  test('does not concern another account', async () => {
    const started = await startGuards();
    await fail(started, 'quota');
    expect(await callProvider(started.guards, callBy({ account: 'gemini/default/other' }), () => Promise.resolve('sent'))).toBe('sent');
  });
});

async function* tokens(count: number, error?: Error): AsyncGenerator<number> {
  for (let number = 1; number <= count; number += 1) yield number;
  if (error !== undefined) throw error;
}

async function collect(stream: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const one of stream) all.push(one);
  return all;
}

describe('a guarded stream', () => {
  test('brings every part and keeps its slot to its end', async () => {
    const { guards, kernel } = await startGuards();
    const held: unknown[] = [];
    for await (const number of streamProvider(guards, callBy(), () => tokens(3))) held.push([number, governorStatus(kernel, ACCOUNT)?.inFlight]);
    expect(held).toEqual([[1, 1], [2, 1], [3, 1]]);
    expect(governorStatus(kernel, ACCOUNT)?.inFlight).toBe(0);
  });

  test('that is left early closes what it reads and gives its slot back, as a success', async () => {
    const { guards, kernel, reports } = await startGuards();
    let isClosed = false;
    const open = async function* (): AsyncGenerator<number> {
      try {
        yield* tokens(3);
      } finally {
        isClosed = true;
      }
    };
    for await (const number of streamProvider(guards, callBy(), open)) if (number === 2) break;
    expect(isClosed).toBe(true);
    expect(governorStatus(kernel, ACCOUNT)?.inFlight).toBe(0);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['ok']);
  });

  test('that fails in the middle has brought what came before, and melts the fuse', async () => {
    const { guards, kernel } = await startGuards();
    const brought: number[] = [];
    const read = async (): Promise<void> => {
      for await (const number of streamProvider(guards, callBy(), () => tokens(2, failure('truncated')))) brought.push(number);
    };
    for (let time = 0; time <= FUSE.maxMelts; time += 1) await expect(read()).rejects.toMatchObject({ failure: 'truncated' });
    await expect(read()).rejects.toMatchObject({ failure: 'unavailable' });
    expect(brought).toEqual([1, 2, 1, 2, 1, 2]);
    expect(governorStatus(kernel, ACCOUNT)?.inFlight).toBe(0);
  });

  test.for([
    ['a watchdog', failure('timeout'), 'timeout'],
    ['a deadline', new DOMException('late', 'TimeoutError'), 'timeout'],
    ['its reader', new Error('stop'), 'aborted'],
  ] as const)('that ends because %s aborted it counts as the reason says', async ([, reason, outcome]) => {
    const { guards, reports } = await startGuards();
    const controller = new AbortController();
    const open = async function* (signal: AbortSignal): AsyncGenerator<number> {
      yield 1;
      controller.abort(reason);
      if (!signal.aborted) yield 2;
    };
    expect(await collect(streamProvider(guards, callBy({ signal: controller.signal }), open))).toEqual([1]);
    expect(reports.map((report) => report.outcome)).toEqual([outcome]);
  });

  test('that waits for its turn and is aborted throws and opens nothing', async () => {
    const { guards, clock } = await startGuards();
    await callProvider(guards, callBy(), failWith(failure('rate_limited'))).catch(() => undefined);
    const controller = new AbortController();
    let isOpened = false;
    const open = (): AsyncIterable<number> => {
      isOpened = true;
      return tokens(1);
    };
    const reading = collect(streamProvider(guards, callBy({ signal: controller.signal }), open));
    await settled();
    controller.abort();
    await expect(reading).rejects.toBeInstanceOf(ProviderError);
    await clock.advance(60_000);
    expect(isOpened).toBe(false);
  });

  test('that is left on its way in opens nothing, and gives its slot back', async () => {
    const { guards, kernel, reports } = await startGuards();
    await collect(streamProvider(guards, callBy(), () => tokens(1)));
    let isOpened = false;
    const stream = streamProvider(guards, callBy(), () => {
      isOpened = true;
      return tokens(1);
    });
    const next = stream.next();
    await stream.return?.();
    await expect(next).rejects.toMatchObject({ failure: 'aborted' });
    expect([isOpened, governorStatus(kernel, ACCOUNT)?.inFlight, reports.map(({ outcome }) => outcome)]).toEqual([false, 0, ['ok', 'aborted']]);
  });
});
