import { describe, expect, test } from 'vitest';
import { createLexicalReranker, LEXICAL_RERANKER_ID } from '#src/adapters/reranker/lexical.ts';
import { probeReranker } from '#src/adapters/reranker/probe.ts';
import { failureIn } from '../failure-in.ts';

const NEVER = new AbortController().signal;
const reranker = createLexicalReranker();

async function order(question: string, documents: readonly string[]): Promise<number[]> {
  const scores = await reranker.rerank(question, documents, NEVER);
  return documents.map((_, index) => index).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
}

describe('the lexical reranker', () => {
  test('names itself as providers do', () => {
    expect(reranker).toMatchObject({ id: LEXICAL_RERANKER_ID, account: 'lexical/local' });
  });

  test('puts first what holds more of the question', async () => {
    const documents = ['A supervisor has children.', 'The restart strategy of a supervisor decides which children restart.', 'Rivers are wet.'];
    expect(await order('Which restart strategy does a supervisor have?', documents)).toEqual([1, 0, 2]);
  });

  test('a rare word counts more than a common one', async () => {
    const documents = ['processes and messages', 'processes and links', 'processes and monitors', 'the mailbox of it'];
    expect((await order('processes mailbox', documents))[0]).toBe(3);
  });

  test('matches words by their stem', async () => {
    expect((await order('restarting workers', ['The sea is blue.', 'It restarted the worker.']))[0]).toBe(1);
  });

  test('puts a copy behind a different document that answers nearly as much', async () => {
    const copy = 'A fuse melts when the provider fails and opens the circuit at once.';
    const other = 'When the provider fails a fuse protects every caller from waiting.';
    expect(await order('What does a fuse do when the provider fails?', [copy, copy, other, 'Bread is baked.'])).toEqual([0, 2, 1, 3]);
  });

  test('a better place decides between documents with the same words of the question', async () => {
    expect(await order('supervisor', ['supervisor and rivers', 'supervisor and bread', 'supervisor and iron'])).toEqual([0, 1, 2]);
  });

  test('what has no word of the question stays behind what has all, four places after it', async () => {
    const others = ['bread', 'rivers', 'iron', 'salt'].map((word) => `Something about ${word}.`);
    expect((await order('restart intensity', [...others, 'The restart intensity.']))[0]).toBe(4);
  });

  test('equal documents keep their order', async () => {
    expect(await order('supervisor', ['unrelated one', 'different two', 'strange three'])).toEqual([0, 1, 2]);
  });

  test('scores are finite for no documents, no words and no match', async () => {
    expect(await reranker.rerank('supervisor', [], NEVER)).toEqual([]);
    for (const scores of [await reranker.rerank('???', ['', ' ', '!'], NEVER), await reranker.rerank('supervisor', ['supervisor'], NEVER)]) {
      for (const score of scores) expect(Number.isFinite(score)).toBe(true);
    }
  });

  test('reads scripts without spaces', async () => {
    const chinese = createLexicalReranker({ language: 'zh' });
    const scores = await chinese.rerank('监督树', ['今天天气很好', '监督树重启进程'], NEVER);
    expect(scores[1]).toBeGreaterThan(scores[0] ?? 1);
  });

  test('what is aborted before it begins is aborted', async () => {
    expect(await failureIn(reranker.rerank('a', ['b'], AbortSignal.abort()))).toMatchObject({ failure: 'aborted' });
  });

  test('a probe resolves', async () => {
    await expect(probeReranker(reranker, NEVER)).resolves.toBeUndefined();
  });
});
