import { describe, expect, test } from 'vitest';
import { CACHE, clearCache } from '#agents/cache/cache.agent.ts';
import { blowFuse, fuseName, resetFuse } from '#agents/fuse/fuse.agent.ts';
import { RAG, statistics } from '#agents/rag/rag.agent.ts';
import type { AskOptions } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { Conversations } from '../../support/start-conversations.ts';
import { startConversations } from '../../support/start-conversations.ts';

const ask = (question: string, options: AskOptions = {}) => ({ id: crypto.randomUUID(), question, options });

/** Asks in a session of its own and lets the model say the given word, where it is asked at all. */
async function answerOf({ sessions }: Conversations, model: ScriptedModel, { question, says, options = {} }: { question: string; says: string; options?: AskOptions }) {
  const before = model.streams.length;
  const answer = sessions.answer(crypto.randomUUID(), ask(question, options));
  const outcome = answer.then((ended) => ended.outcome);
  const first = await Promise.race([model.nth(before), outcome]);
  if ('say' in first) first.say(says).finish();
  return outcome;
}

describe('rag agent', () => {
  test('the same question a second time is answered from the cache, also when it is written with other white space', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model] });
    await answerOf(service, model, { question: 'What is a supervisor?', says: 'A process.' });
    const again = await answerOf(service, model, { question: '  What is \n a supervisor? ', says: 'never said' });
    expect(again).toMatchObject({ end: { answer: 'A process.', cache_hit: true, finish: 'stop' } });
    expect(model.streams).toHaveLength(1);
  });

  test.for<[string, AskOptions]>([
    ['top_k', { top_k: 3 }],
    ['filter', { filter: { source: 'docs' } }],
    ['temperature', { temperature: 0.7 }],
    ['language', { language: 'de' }],
    ['rerank', { rerank: false }],
  ])('another %s is another answer', async ([, options]) => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model] });
    await answerOf(service, model, { question: 'Why?', says: 'one' });
    expect(await answerOf(service, model, { question: 'Why?', says: 'two', options })).toMatchObject({ end: { answer: 'two', cache_hit: false } });
  });

  test('what did not end in full is never kept: refusals, cut answers, errors', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model], env: { BANYAN_PROVIDER_ATTEMPTS: '1' } });
    for (const [index, end] of (['refused', 'length'] as const).entries()) {
      const answer = service.sessions.answer('s', ask('Why?'));
      (await model.nth(index)).say('no').finish(end);
      await answer;
    }
    const failing = service.sessions.answer('s', ask('Why?'));
    (await model.nth(2)).fail(new ProviderError('unavailable', model.account, 'is down'));
    await failing;
    expect(await answerOf(service, model, { question: 'Why?', says: 'at last' })).toMatchObject({ end: { answer: 'at last', cache_hit: false } });
  });

  test('two askers of one question share one run of the model, and both get the whole answer', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const answers = ['a', 'b'].map((session) => sessions.answer(session, ask('Why?')));
    (await model.nth(0)).say('Because.').finish();
    for (const answer of answers) expect((await answer).outcome).toMatchObject({ end: { answer: 'Because.' } });
    expect(model.streams).toHaveLength(1);
  });

  test('a shared run stops when its last asker leaves, not before', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model] });
    const [a, b] = ['a', 'b'].map((session) => sessions.answer(session, ask('Why?')));
    const stream = await model.nth(0);
    await sessions.ask('b', ask('Next?'));
    await sessions.cancel('a');
    expect(stream.signal.aborted).toBe(false);
    await sessions.cancel('b');
    expect(stream.signal.aborted).toBe(true);
    expect((await a)?.outcome).toMatchObject({ end: { finish: 'cancelled' } });
    expect((await b)?.outcome).toMatchObject({ end: { finish: 'cancelled' } });
  });

  test('a change of the documents makes every kept answer old; an unchanged document does not', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model] });
    const { knowledge } = service.store;
    const index = async (text: string): Promise<void> => {
      const job = await knowledge.createIndexJob([{ id: 'a.md', text }], { chunkSize: 512, overlap: 50 });
      expect(await knowledge.advanceJob(job.id)).toMatchObject({ state: 'succeeded' });
    };
    await index('# A\n\nOne.');
    await answerOf(service, model, { question: 'Why?', says: 'one' });
    await index('# A\n\nOne.');
    expect(await answerOf(service, model, { question: 'Why?', says: 'x' })).toMatchObject({ end: { answer: 'one', cache_hit: true } });
    await index('# A\n\nTwo.');
    expect(await answerOf(service, model, { question: 'Why?', says: 'two' })).toMatchObject({ end: { answer: 'two', cache_hit: false } });
    await knowledge.deleteDocument('a.md');
    expect(await answerOf(service, model, { question: 'Why?', says: 'three' })).toMatchObject({ end: { answer: 'three', cache_hit: false } });
  });

  test('X11 a kept answer is served while the fuse is open, another question is answered by the documents', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model] });
    await answerOf(service, model, { question: 'Why?', says: 'kept' });
    await blowFuse(service.kernel, fuseName(model.id));
    expect(await answerOf(service, model, { question: 'Why?', says: 'x' })).toMatchObject({ end: { answer: 'kept', cache_hit: true } });
    const quoted = (await service.sessions.answer('s', ask('How?'))).outcome;
    expect(quoted).toMatchObject({ end: { degraded: ['model'], model: 'extractive:quotes' } });
    expect(model.streams).toHaveLength(1);
    await resetFuse(service.kernel, fuseName(model.id));
    expect(await answerOf(service, model, { question: 'How?', says: 'better' })).toMatchObject({ end: { answer: 'better' } });
  });

  test('A24 statistics count hits, computed answers and failures; X1 the sixth failure opens the fuse', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model], env: { BANYAN_PROVIDER_ATTEMPTS: '1' } });
    await answerOf(service, model, { question: 'Why?', says: 'one' });
    await answerOf(service, model, { question: 'Why?', says: 'x' });
    for (let time = 1; time <= 6; time += 1) {
      const failing = service.sessions.answer('s', ask(`Failure ${time}?`));
      (await model.nth(time)).fail(new ProviderError('unavailable', model.account, 'is down'));
      await failing;
    }
    await service.sessions.answer('s', ask('Blown?'));
    expect(model.streams).toHaveLength(7);
    await blowFuse(service.kernel, fuseName('lexical:fts5'));
    expect((await service.sessions.answer('s', ask('Unfindable?'))).outcome).toMatchObject({ error: { code: 'RETRIEVAL_UNAVAILABLE' } });
    expect(statistics(service.kernel)).toEqual({ queries: 10, hits: 1, misses: 8, errors: 1, hit_rate: 10 });
  });

  test('A26 clearing the cache leaves the statistics, A36 a killed agent begins with zeros', async () => {
    const model = new ScriptedModel();
    const service = await startConversations({ models: [model] });
    await answerOf(service, model, { question: 'Why?', says: 'one' });
    await clearCache(service.kernel);
    expect(statistics(service.kernel)).toMatchObject({ queries: 1, misses: 1 });
    service.kernel.kill(RAG);
    expect(statistics(service.kernel)).toEqual({ queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 });
  });

  test('over the number of concurrent queries a question is refused OVERLOADED', async () => {
    const model = new ScriptedModel();
    const { sessions } = await startConversations({ models: [model], env: { BANYAN_MAX_CONCURRENT_QUERIES: '1' } });
    const first = sessions.answer('a', ask('Why?'));
    const stream = await model.nth(0);
    expect((await sessions.answer('b', ask('How?'))).outcome).toMatchObject({ state: 'failed', error: { code: 'OVERLOADED', retryable: true } });
    stream.say('Because.').finish();
    expect((await first).outcome).toMatchObject({ end: { answer: 'Because.' } });
  });

  test.for([CACHE, RAG, 'rate-limit', 'frames', 'conversations', 'knowledge', 'knowledge-reader', 'store', 'guards'])(
    'fifty questions all get their answers while %s is killed, and only it restarts',
    async (name) => {
      const model = new ScriptedModel();
      const { sessions, kernel, reports } = await startConversations({ models: [model] });
      const answers = Array.from({ length: 50 }, (_, index) => sessions.answer(`s${index}`, ask(`Question ${index}?`)));
      await model.nth(10);
      kernel.kill(name);
      for (let index = 0; index < 50; index += 1) (await model.nth(index)).say(`Answer.`).finish();
      const outcomes = await Promise.all(answers.map(async (answer) => (await answer).outcome));
      expect(outcomes.filter(({ state }) => state === 'answered')).toHaveLength(50);
      const restarted = (): unknown[] => reports.flatMap((report) => (report.type === 'restart' ? [report.child.name] : []));
      await eventually(() => expect(restarted()).toEqual([name]));
    },
  );
});
