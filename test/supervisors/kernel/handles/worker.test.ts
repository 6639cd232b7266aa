import { afterEach, describe, expect, test } from 'vitest';
import { worker } from '#supervisors/kernel/handles/worker.ts';
import type { WorkerOptions } from '#supervisors/kernel/handles/worker.ts';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import { actor } from '#supervisors/kernel/handles/actor.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { fromTransition } from 'xstate';
import { eventually } from '../../../support/eventually.ts';
import type { ScriptedEvent, ScriptedInput } from '../../../support/workers/scripted.worker.ts';

const url = new URL('../../../support/workers/scripted.worker.ts', import.meta.url);
const kernels: Kernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

interface Options extends Partial<Omit<WorkerOptions, 'input'>> {
  readonly input?: ScriptedInput;
}

function spec(options: Options = {}, more: Partial<ChildSpec> = {}): ChildSpec {
  return { id: 'thread', name: 'thread', start: worker({ url, input: {}, ...options }), ...more };
}

/** A worker thread and an actor beside it that must not notice anything; both on real time. */
async function bootWorker(options: Options = {}, more: Partial<ChildSpec> = {}) {
  const kernel = new Kernel();
  kernels.push(kernel);
  const reports: Report[] = [];
  const sibling: ChildSpec = { id: 'sibling', name: 'sibling', start: actor(fromTransition((state: number) => state, 0)) };
  await kernel.boot({ name: 'root', start: supervisor({ intensity: 10, children: [sibling, spec(options, more)] }) });
  kernel.onReport((report) => reports.push(report));
  const ask = <Value>(event: ScriptedEvent) => kernel.ask<Value>('thread', { ...event }, { timeoutMs: 30_000 });
  return { kernel, reports, ask, sibling: kernel.whereis('sibling') };
}

describe('worker', () => {
  test('asks are answered in order, many in one post', async () => {
    const { ask } = await bootWorker();
    const values = Array.from({ length: 100 }, (_, index) => index);
    expect(await Promise.all(values.map((value) => ask({ type: 'echo', value })))).toEqual(values);
    const batches = await ask<unknown[][]>({ type: 'batches' });
    expect(batches.flat().slice(0, 100)).toEqual(values);
    expect(batches.length).toBeLessThan(10);
  });

  test('a refusal keeps its code and what belongs to it, and the worker goes on', async () => {
    const { ask } = await bootWorker();
    await expect(ask({ type: 'refuse' })).rejects.toMatchObject({ code: 'STORE_FULL', message: 'no room', retryAfterMs: 7 });
    expect(await ask({ type: 'echo', value: 1 })).toBe(1);
  });

  test('an event that nobody waits for needs no answer', async () => {
    const { kernel, ask } = await bootWorker();
    kernel.send('thread', { type: 'echo', value: 'sent' });
    expect(await ask<unknown[][]>({ type: 'batches' })).toContainEqual(expect.arrayContaining(['sent']));
  });

  test('what was asked and not answered counts as mailbox', async () => {
    const { kernel, ask } = await bootWorker({}, { mailboxLimit: 2 });
    const pending = [ask({ type: 'silent' }), ask({ type: 'silent' })].map((reply) => reply.catch((error: { code: string }) => error.code));
    await ask({ type: 'echo' }).catch(() => undefined);
    await expect(ask({ type: 'echo' })).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(kernel.send('thread', { type: 'echo' })).toBe(false);
    kernel.kill('thread');
    expect(await Promise.all(pending)).toEqual(['ACTOR_DOWN', 'ACTOR_DOWN']);
  });

  const deaths: readonly (readonly [string, ScriptedEvent, Options, unknown])[] = [
    ['that throws', { type: 'throw' }, {}, { name: 'TypeError', message: 'thrown in the worker' }],
    ['with an unhandled rejection', { type: 'reject' }, {}, { message: 'rejected in the worker' }],
    ['that exits', { type: 'exit' }, {}, { name: 'WorkerFailure', message: 'worker exited with code 3' }],
    ['in an endless loop', { type: 'loop' }, { heartbeatMs: 50 }, { name: 'WorkerFailure', message: expect.stringContaining('no heartbeat') }],
    ['out of memory', { type: 'fill-memory' }, { maxHeapMb: 16 }, { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
  ];
  test.for(deaths)('a worker %s is restarted alone, and what it was asked is rejected at once', { timeout: 60_000 }, async ([, event, options, error]) => {
    const { kernel, ask, reports, sibling } = await bootWorker(options);
    const before = kernel.whereis('thread');
    const silent = ask({ type: 'silent' });
    silent.catch(() => undefined);
    await ask({ type: 'echo' });
    kernel.send('thread', { ...event });
    await expect(silent).rejects.toMatchObject({ code: 'ACTOR_DOWN' });

    await kernel.whenUp('thread', 30_000);
    expect(await ask({ type: 'echo', value: 'again' })).toBe('again');
    expect([kernel.whereis('thread') === before, kernel.whereis('sibling')]).toEqual([false, sibling]);
    expect(reports.map(({ type }) => type)).toEqual(['exit', 'supervisor', 'progress', 'restart']);
    expect(reports[0]).toMatchObject({ child: { id: 'thread', pid: before }, reason: { kind: 'error', error } });
  });

  test('a killed worker is restarted and its pending asks are rejected', async () => {
    const { kernel, ask, reports, sibling } = await bootWorker();
    const pending = ask({ type: 'silent' });
    kernel.kill('thread');
    await expect(pending).rejects.toMatchObject({ code: 'ACTOR_DOWN' });
    expect(kernel.whereis('thread')).toBeUndefined();
    await kernel.whenUp('thread', 30_000);
    expect([await ask({ type: 'echo', value: 1 }), kernel.whereis('sibling')]).toEqual([1, sibling]);
    expect(reports[0]).toMatchObject({ type: 'exit', reason: { kind: 'killed' } });
  });

  test('onUp and onDown follow the thread through a restart', async () => {
    const calls: unknown[] = [];
    const { kernel } = await bootWorker({ onUp: (info) => calls.push(info), onDown: () => calls.push('down') });
    kernel.kill('thread');
    await kernel.whenUp('thread', 30_000);
    await kernel.stop();
    expect(calls).toEqual([{ thread: 'scripted' }, 'down', { thread: 'scripted' }, 'down']);
  });
});

function openPorts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}

describe('start of a worker', () => {
  test('a ServiceError in the start of the service fails the start with it', async () => {
    const boot = bootWorker({ input: { start: 'service-error' } });
    const cause = { code: 'STORE_TOO_NEW', message: 'version 9', details: [{ field: 'version' }] };
    await expect(boot).rejects.toMatchObject({ name: 'FailedToStartChild', childId: 'thread', cause });
  });

  test('any other exception fails it too', async () => {
    await expect(bootWorker({ input: { start: 'throw' } })).rejects.toMatchObject({ cause: { name: 'RangeError', message: 'no start' } });
  });

  test('a file that does not exist fails it', async () => {
    await expect(bootWorker({ url: new URL('./nowhere.ts', import.meta.url) })).rejects.toMatchObject({ name: 'FailedToStartChild' });
  });

  test('a worker that does not come up in time is terminated before the start has failed', async () => {
    const calls: string[] = [];
    const options = { input: { start: 'hang' }, onUp: () => calls.push('up'), onDown: () => calls.push('down') } as const;
    const before = openPorts();
    await expect(bootWorker(options, { startTimeoutMs: 300 })).rejects.toMatchObject({ cause: { name: 'StartTimeout' } });
    expect(calls).toEqual(['down']);
    await eventually(() => expect(openPorts()).toBeLessThanOrEqual(before));
  });
});

describe('shutdown of a worker', () => {
  test('the service is closed and the thread ends in order', async () => {
    const { kernel, reports } = await bootWorker();
    expect(await kernel.stop()).toEqual(SHUTDOWN);
    expect(reports.filter(({ type }) => type === 'supervisor')).toEqual([]);
    expect(reports[0]).toMatchObject({ type: 'exit', child: { id: 'thread' }, reason: SHUTDOWN });
  });

  test('what was asked before is answered', async () => {
    const { kernel, ask } = await bootWorker();
    const reply = ask({ type: 'echo', value: 'last' });
    await Promise.resolve();
    await Promise.all([expect(reply).resolves.toBe('last'), kernel.stop()]);
  });

  test('a service that throws while it closes is reported', async () => {
    const { kernel, reports } = await bootWorker({ input: { close: 'throw' } });
    await kernel.stop();
    expect(reports.find(({ type }) => type === 'supervisor')).toMatchObject({
      context: 'shutdown_error', reason: { error: { message: 'cannot close' } },
    });
  });

  test('a service that hangs while it closes is killed after its time', async () => {
    const { kernel, reports } = await bootWorker({ input: { close: 'hang' } }, { shutdown: 100 });
    expect(await kernel.stop()).toEqual(SHUTDOWN);
    expect(reports.find(({ type }) => type === 'supervisor')).toMatchObject({ context: 'shutdown_error', reason: { kind: 'killed' } });
  });
});
