import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { connectClient } from './connect-client.ts';
import { startScriptedService } from './scripted-service.ts';
import { accepted, end, NEW, QUESTION, RESUMED, startAnswering } from './scripted-turn.ts';

describe('a question that is cancelled', () => {
  test('before it was sent is never asked, and ends at once', async () => {
    const service = await startScriptedService();
    const banyan = connectClient(service.url);
    const answer = banyan.ask(QUESTION);
    answer.cancel();
    await expect(answer.end()).rejects.toMatchObject({ code: 'CANCELLED', retryable: false });
    await expect(banyan.ask(QUESTION, { signal: AbortSignal.abort() }).text()).rejects.toMatchObject({ code: 'CANCELLED' });
    const next = banyan.ask('What else?');
    const socket = await service.accept();
    socket.send(NEW);
    const asked = await socket.next('ask');
    expect(asked).toMatchObject({ id: next.id, question: 'What else?' });
  });

  test('before the service confirmed it, and whose connection is lost then, is stopped there', async () => {
    const service = await startScriptedService();
    const answer = connectClient(service.url).ask(QUESTION);
    const first = await service.accept();
    first.send(NEW);
    await first.next('ask');
    answer.cancel();
    first.close(1012);
    const second = await service.accept();
    second.send(RESUMED);
    second.send(accepted(await second.next('ask'), 1));
    expect(await second.next('cancel')).toMatchObject({ turn: 't1' });
    second.send({ ...end(2, ''), finish: 'cancelled' });
    expect(await answer.end()).toMatchObject({ finish: 'cancelled' });
  });

  test('while the service is away does not keep its reader, and is stopped when the service is back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { service, answer, socket, events, banyan } = await startAnswering();
    await vi.waitFor(() => expect(answer.turn).toBe('t1'));
    socket.close(1012);
    await vi.waitFor(() => expect(banyan.status.state).not.toBe('online'));
    answer.cancel();
    vi.advanceTimersByTime(5000);
    await expect(answer.end()).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(events).rejects.toMatchObject({ code: 'CANCELLED' });
    const next = await service.accept();
    next.send(RESUMED);
    expect(await next.next('cancel')).toMatchObject({ turn: 't1' });
  });

  test.for(['ACTOR_DOWN', 'ASK_TIMEOUT', 'DRAINING'])('is cancelled again when the service could not just then: %s', async (code) => {
    const { answer, socket } = await startAnswering();
    await eventually(() => expect(answer.turn).toBe('t1'));
    answer.cancel();
    await socket.next('cancel');
    socket.send({ type: 'error', turn: 't1', error: { code, message: 'Later.', retryable: true } });
    expect(await socket.next('cancel')).toMatchObject({ turn: 't1' });
    socket.send({ type: 'error', turn: 't1', error: { code: 'TURN_ENDED', message: 'Over.', retryable: false } }, end(3, 'one '));
    expect(await answer.text()).toBe('one ');
  });
});
