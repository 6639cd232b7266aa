import { describe, expect, test } from 'vitest';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { AnyEvent, StartFunction } from '#supervisors/kernel/process.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';

/** A child that does one thing with each event. */
function receiver(onEvent: (event: AnyEvent) => void): StartFunction {
  return (context) => ({ send: onEvent, shutdown: () => context.exit(SHUTDOWN), kill: () => undefined });
}

async function bootPool(): Promise<Kernel> {
  const kernel = new Kernel();
  await kernel.boot({ name: 'pool', start: dynamicSupervisor() });
  return kernel;
}

/** Resolves when the timer has ticked so often; never when timers are starved. */
function ticks(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}

describe('RunQueue', () => {
  test('a chain of 50 000 actors neither overflows the stack nor keeps timers from running', async () => {
    const kernel = await bootPool();
    const length = 50_000;
    const done = Promise.withResolvers<void>();
    const pool = kernel.dynamicSupervisor('pool');
    for (let index = 0; index < length; index += 1) {
      const next = index + 1 === length ? done.resolve : () => void kernel.send(`link-${index + 1}`, { type: 'pass' });
      await pool.startChild({ id: 'link', name: `link-${index}`, start: receiver(() => next()) });
    }
    let ticked = 0;
    const timer = setInterval(() => void (ticked += 1), 1);
    kernel.send('link-0', { type: 'pass' });
    await done.promise;
    clearInterval(timer);
    expect(ticked).toBeGreaterThan(0);
    expect(kernel.tree()?.children).toHaveLength(length);
    await kernel.stop();
  }, 60_000);

  test('an endless ping-pong of two actors leaves timers running', async () => {
    const kernel = await bootPool();
    let rounds = 0;
    const pool = kernel.dynamicSupervisor('pool');
    await pool.startChild({ id: 'ping', name: 'ping', start: receiver(() => void kernel.send('pong', { type: 'ball' })) });
    await pool.startChild({ id: 'pong', name: 'pong', start: receiver(() => ((rounds += 1), void kernel.send('ping', { type: 'ball' }))) });
    kernel.send('ping', { type: 'ball' });
    await ticks(50);
    const before = rounds;
    await ticks(5);
    expect(rounds).toBeGreaterThan(before);
    await kernel.stop();
  });

  test('an endless row of questions, each asked when the one before is answered, leaves timers running', async () => {
    const kernel = await bootPool();
    const pool = kernel.dynamicSupervisor('pool');
    await pool.startChild({ id: 'echo', name: 'echo', start: receiver((event) => (event['reply'] as (value: number) => void)(1)) });
    let answers = 0;
    const askForEver = async (): Promise<never> => {
      for (;;) answers += await kernel.ask<number>('echo', { type: 'q' });
    };
    const end = askForEver().catch((error: unknown) => error);
    await ticks(20);
    expect(answers).toBeGreaterThan(0);
    await kernel.stop();
    expect(await end).toMatchObject({ code: 'ACTOR_DOWN' });
  });
});
