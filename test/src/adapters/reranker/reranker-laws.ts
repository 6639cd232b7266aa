import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeReranker } from '#src/adapters/reranker/probe.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { eventually } from '../../../support/eventually.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';

/** An adapter, and the provider that the laws hold for. */
export interface RerankerLaws {
  readonly name: string;
  /** Never to be seen in an error. */
  readonly secret: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly start: () => Promise<Emulator>;
  readonly create: (url: string, changes?: { readonly secret?: string }) => Reranker;
  /** An answer of the provider with these places and scores, written as they are. */
  readonly answerWith: (ranked: readonly (readonly [index: unknown, score: unknown])[]) => string;
}

const NEVER = new AbortController().signal;
const QUESTION = 'Which tree has aerial roots?';
const DOCUMENTS = ['Bread is baked in an oven.', 'The tree with aerial roots is the banyan.', 'An oak is a tree.'];

export function describeReranker(laws: RerankerLaws): void {
  describe(`${laws.name}`, () => {
    scrubEnvironment(laws.environment);
    let emulator: Emulator;
    let reranker: Reranker;
    beforeAll(async () => {
      emulator = await laws.start();
      reranker = laws.create(emulator.url);
    });
    afterAll(() => emulator.close());

    const rerank = (signal = NEVER) => reranker.rerank(QUESTION, DOCUMENTS, signal);

    test('gives one score for each document, in their order', async () => {
      const before = emulator.requests.length;
      const scores = await rerank();
      expect(scores).toHaveLength(3);
      expect(scores.indexOf(Math.max(...scores))).toBe(1);
      expect(scores.indexOf(Math.min(...scores))).toBe(0);
      expect(emulator.requests.length - before).toBe(1);
    });

    test('puts scores that come best first back in the order of the documents', async () => {
      emulator.script({ body: laws.answerWith([[2, 0.9], [0, 0.5], [1, -0.25]]) });
      expect(await rerank()).toEqual([0.5, -0.25, 0.9]);
    });

    test('no documents need no request', async () => {
      const before = emulator.requests.length;
      expect(await reranker.rerank(QUESTION, [], NEVER)).toEqual([]);
      expect(emulator.requests.length).toBe(before);
    });

    test('a probe of a working model resolves', async () => {
      await expect(probeReranker(reranker, NEVER)).resolves.toBeUndefined();
    });

    test('a wrong key is auth, and not repeated in the error', async () => {
      const error = await failureIn(probeReranker(laws.create(emulator.url, { secret: 'wrong-key-of-nobody' }), NEVER));
      expect(error).toMatchObject({ failure: 'auth', account: reranker.account });
      expect(inspect(error, { depth: 9 })).not.toContain('wrong-key-of-nobody');
    });

    test.each<[string, (readonly [unknown, unknown])[]]>([
      ['too few scores', [[0, 1], [1, 1]]],
      ['a document twice', [[0, 1], [1, 1], [1, 1]]],
      ['a document that was not sent', [[0, 1], [1, 1], [3, 1]]],
      ['more scores than documents', [[0, 1], [1, 1], [2, 1], [3, 1]]],
      ['a score that is null', [[0, 1], [1, 1], [2, null]]],
      ['a score that is text', [[0, 1], [1, 1], [2, '1']]],
      ['an index that is no integer', [[0, 1], [1, 1], [1.5, 1]]],
    ])('an answer with %s is bad_response', async (_, ranked) => {
      emulator.script({ body: laws.answerWith(ranked) });
      expect(await failureIn(rerank())).toMatchObject({ failure: 'bad_response' });
    });

    test.each(['{}', '[]', 'null', '"text"', '', '{"data":', '<html>ok</html>', '{"data":[null],"results":[null]}'])(
      'a success of %j is bad_response',
      async (body) => {
        emulator.script({ body });
        expect(await failureIn(rerank())).toMatchObject({ failure: 'bad_response' });
      },
    );

    test('a page of HTML with status 500 is unavailable', async () => {
      emulator.script({ status: 500, headers: { 'content-type': 'text/html' }, body: '<html>oops</html>' });
      expect(await failureIn(rerank())).toMatchObject({ failure: 'unavailable', status: 500 });
    });

    test('a throttled request is rate_limited, with the delay that the provider asks for', async () => {
      emulator.script({ status: 429, headers: { 'retry-after': '12' }, body: '{"message":"slow down"}' });
      expect(await failureIn(rerank())).toMatchObject({ failure: 'rate_limited', retryAfterMs: 12_000 });
    });

    test.each([-1, 0, 10])('a connection cut after %d bytes of the answer is unavailable', async (cutAtByte) => {
      emulator.script({ cutAtByte });
      expect(await failureIn(rerank())).toMatchObject({ failure: 'unavailable' });
    });

    test.each(['connect', 'headers', 'body'] as const)('an abort while the provider hangs before %s closes the socket within 100 ms', async (hang) => {
      emulator.script({ hang });
      const controller = new AbortController();
      const before = emulator.requests.length;
      const call = failureIn(rerank(controller.signal));
      await eventually(() => expect(emulator.requests[before]?.body.length).toBeGreaterThan(0));
      await eventually(() => expect(emulator.openRequests).toBeGreaterThan(0));
      const abortedAtMs = performance.now();
      controller.abort();
      expect(await call).toMatchObject({ failure: 'aborted' });
      await eventually(() => expect(emulator.requests[before]?.closedAtMs).toBeDefined());
      expect(emulator.requests[before]?.closedEarly).toBe(true);
      expect((emulator.requests[before]?.closedAtMs ?? Infinity) - abortedAtMs).toBeLessThan(100);
    });

    test('a deadline that passes is timeout', async () => {
      emulator.script({ hang: 'connect' });
      expect(await failureIn(rerank(AbortSignal.timeout(50)))).toMatchObject({ failure: 'timeout' });
    });

    test('what is aborted before it begins sends nothing', async () => {
      const before = emulator.requests.length;
      expect(await failureIn(rerank(AbortSignal.abort()))).toMatchObject({ failure: 'aborted' });
      expect(emulator.requests.length).toBe(before);
    });

    test('more documents, and more bytes, than a request may hold are too_large before the wire', async () => {
      const before = emulator.requests.length;
      const many = Array.from({ length: reranker.batch.maxItems + 1 }, () => 'word');
      expect(await failureIn(reranker.rerank(QUESTION, many, NEVER))).toMatchObject({ failure: 'too_large' });
      const long = 'x'.repeat(reranker.batch.maxBytes);
      expect(await failureIn(reranker.rerank(QUESTION, [long], NEVER))).toMatchObject({ failure: 'too_large' });
      expect(await failureIn(reranker.rerank(' ', DOCUMENTS, NEVER))).toMatchObject({ failure: 'bad_request' });
      expect(await failureIn(reranker.rerank(QUESTION, [''], NEVER))).toMatchObject({ failure: 'bad_request' });
      expect(emulator.requests.length).toBe(before);
    });
  });
}
