import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { probeEmbeddings } from '#src/adapters/embedding-model/probe.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { eventually } from '../../../support/eventually.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';

/** An adapter, and the provider that the laws hold for. */
export interface EmbeddingLaws {
  readonly name: string;
  readonly dimension: number;
  /** Never to be seen in an error. */
  readonly secret: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly start: () => Promise<Emulator>;
  readonly create: (url: string, changes?: { readonly secret?: string; readonly dimension?: number }) => EmbeddingModel;
  /** An answer of the provider with these vectors; its items are written as they are. */
  readonly answerWith: (vectors: readonly unknown[]) => string;
  /** What the provider's refusal of a throttled request is sent with, when it does not take `retry-after`. */
  readonly throttled?: { readonly body: string };
}

const NEVER = new AbortController().signal;

export function describeEmbeddings(laws: EmbeddingLaws): void {
  describe(`${laws.name}`, () => {
    scrubEnvironment(laws.environment);
    let emulator: Emulator;
    let model: EmbeddingModel;
    beforeAll(async () => {
      emulator = await laws.start();
      model = laws.create(emulator.url);
    });
    afterAll(() => emulator.close());

    const embed = (texts: readonly string[], signal = NEVER) => model.embed(texts, 'document', signal);
    const some = (make: (index: number) => unknown, count = model?.batch.maxItems === 1 ? 1 : 2) => Array.from({ length: count }, (_, index) => make(index));
    const texts = () => (model.batch.maxItems === 1 ? ['one'] : ['one', 'two']);
    const { dimension } = laws;

    test('gives one vector of unit length and of the dimension for each text', async () => {
      const { vectors } = await embed(texts());
      expect(vectors).toHaveLength(texts().length);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(dimension);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
      }
    });

    test('makes one request of a call, and one call costs no more than one request when it fails', async () => {
      const before = emulator.requests.length;
      await embed(texts());
      expect(emulator.requests.length - before).toBe(1);
      emulator.script({ status: 503, body: '{}' });
      await failureIn(embed(texts()));
      expect(emulator.requests.length - before).toBe(2);
    });

    test('keeps the order of the texts', async () => {
      const words = ['oak', 'elm', 'fig'].slice(0, Math.min(3, model.batch.maxItems));
      const together = await embed(words);
      const alone = await Promise.all(words.map(async (word) => (await embed([word])).vectors[0]));
      for (const [index, vector] of together.vectors.entries()) {
        const closeness = alone.map((other) => vector.reduce((sum, value, place) => sum + value * (other?.[place] ?? 0), 0));
        expect(closeness.indexOf(Math.max(...closeness))).toBe(index);
        expect(closeness[index]).toBeCloseTo(1, 4);
      }
    });

    test('makes every vector of unit length, also when the provider does not', async () => {
      emulator.script({ body: laws.answerWith(some((index) => alongAxis(index, dimension))) });
      const { vectors } = await embed(texts());
      for (const [index, vector] of vectors.entries()) expect(vector[index]).toBe(1);
    });

    test('a probe of a working model resolves', async () => {
      await expect(probeEmbeddings(model, NEVER)).resolves.toBeUndefined();
    });

    test('a wrong key is auth', async () => {
      const wrong = laws.create(emulator.url, { secret: 'wrong-key-of-nobody' });
      const error = await failureIn(probeEmbeddings(wrong, NEVER));
      expect(error).toMatchObject({ failure: 'auth', account: wrong.account });
      expect(inspect(error)).not.toContain('wrong-key-of-nobody');
    });

    test('a key with a line break is auth, and not repeated in the error', async () => {
      const error = await failureIn(probeEmbeddings(laws.create(emulator.url, { secret: 'key-of\nnobody' }), NEVER));
      expect(error.failure).toBe('auth');
      expect(inspect(error, { depth: 9 })).not.toMatch(/key-of/);
    });

    test.each([
      ['too few vectors', () => some((index) => alongAxis(index, dimension)).slice(1)],
      ['too many vectors', () => [...some((index) => alongAxis(index, dimension)), alongAxis(0, dimension)]],
      ['another dimension', () => some((index) => alongAxis(index, dimension - 1))],
      ['a vector of zeros', () => some(() => alongAxis(-1, dimension))],
      ['a value that is null', () => some(() => [null, ...alongAxis(0, dimension - 1)])],
      ['a value that is text', () => some(() => ['1', ...alongAxis(0, dimension - 1)])],
      ['values beyond all numbers', () => some(() => Array.from({ length: dimension }, () => 1e300))],
      ['vectors that are null', () => some(() => null)],
    ])('an answer with %s is bad_response', async (_, vectors) => {
      emulator.script({ body: laws.answerWith(vectors()) });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'bad_response' });
    });

    test.each(['{}', '[]', 'null', '"text"', '', '{"embedding":', '<html>ok</html>'])('a success of %j is bad_response', async (body) => {
      emulator.script({ body });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'bad_response' });
    });

    test('a success of bytes that are no text is bad_response', async () => {
      emulator.script({ garbage: true });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'bad_response' });
    });

    test.each([500, 502, 503])('a page of HTML with status %d is unavailable', async (status) => {
      emulator.script({ status, headers: { 'content-type': 'text/html' }, body: '<html><h1>Bad gateway</h1></html>' });
      const error = await failureIn(embed(texts()));
      expect(error).toMatchObject({ failure: 'unavailable', status });
      expect(error.message).not.toContain('<');
    });

    test('a throttled request is rate_limited, with the delay that the provider asks for', async () => {
      emulator.script({ status: 429, headers: { 'retry-after': '30' }, body: laws.throttled?.body ?? '{"message":"slow down"}' });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'rate_limited', status: 429, retryAfterMs: 30_000 });
    });

    test('a redirect is not followed', async () => {
      const before = emulator.requests.length;
      emulator.script({ status: 307, headers: { location: `${emulator.url}/elsewhere` }, body: '' });
      expect(await failureIn(embed(texts()))).toBeInstanceOf(ProviderError);
      expect(emulator.requests.length - before).toBe(1);
    });

    test.each([-1, 0, 10])('a connection cut after %d bytes of the answer is unavailable', async (cutAtByte) => {
      emulator.script({ cutAtByte });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'unavailable' });
    });

    test('an answer that ends early is bad_response', async () => {
      emulator.script({ endAtByte: 20 });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'bad_response' });
    });

    test.each(['connect', 'headers', 'body'] as const)('an abort while the provider hangs before %s closes the socket within 100 ms', async (hang) => {
      emulator.script({ hang });
      const controller = new AbortController();
      const before = emulator.requests.length;
      const call = failureIn(embed(texts(), controller.signal));
      const request = await eventually(() => {
        const arrived = emulator.requests[before];
        if (arrived === undefined || arrived.body.length === 0) throw new Error('not arrived');
        return arrived;
      });
      await eventually(() => expect(emulator.openRequests).toBeGreaterThan(0));
      const abortedAtMs = performance.now();
      controller.abort();
      expect(await call).toMatchObject({ failure: 'aborted' });
      await eventually(() => expect(request.closedAtMs).toBeDefined());
      expect(request.closedEarly).toBe(true);
      expect((request.closedAtMs ?? Infinity) - abortedAtMs).toBeLessThan(100);
    });

    test('a deadline that passes is timeout', async () => {
      emulator.script({ hang: 'connect' });
      expect(await failureIn(embed(texts(), AbortSignal.timeout(50)))).toMatchObject({ failure: 'timeout' });
    });

    test('the reason of an abort that is a ProviderError passes through', async () => {
      emulator.script({ hang: 'connect' });
      const reason = new ProviderError('timeout', 'turn', 'the turn is over');
      const controller = new AbortController();
      const before = emulator.requests.length;
      const call = failureIn(embed(texts(), controller.signal));
      await eventually(() => expect(emulator.requests[before]?.body.length).toBeGreaterThan(0));
      controller.abort(reason);
      expect(await call).toBe(reason);
    });

    test('what is aborted before it begins sends nothing', async () => {
      const before = emulator.requests.length;
      expect(await failureIn(embed(texts(), AbortSignal.abort()))).toMatchObject({ failure: 'aborted' });
      expect(emulator.requests.length).toBe(before);
    });

    test('a refused connection is unavailable', async () => {
      const closed = await laws.start();
      await closed.close();
      expect(await failureIn(probeEmbeddings(laws.create(closed.url), NEVER))).toMatchObject({ failure: 'unavailable' });
    });

    test('more texts, and more bytes, than a request may hold are too_large before the wire', async () => {
      const before = emulator.requests.length;
      const many = Array.from({ length: model.batch.maxItems + 1 }, () => 'word');
      expect(await failureIn(embed(many))).toMatchObject({ failure: 'too_large' });
      expect(await failureIn(embed(['x'.repeat(model.batch.maxBytes + 1)]))).toMatchObject({ failure: 'too_large' });
      expect(await failureIn(embed(['  \n']))).toMatchObject({ failure: 'bad_request' });
      expect(emulator.requests.length).toBe(before);
    });

    test('a request that the provider finds too large is too_large', async () => {
      emulator.script({ status: 413, body: '{"message":"too large"}' });
      expect(await failureIn(embed(texts()))).toMatchObject({ failure: 'too_large', status: 413 });
    });

    test('no error repeats the key', async () => {
      emulator.script({ status: 400, body: JSON.stringify({ message: `bad ${laws.secret}`, error: { message: `bad ${laws.secret}` } }) });
      const error = await failureIn(embed(texts()));
      expect(inspect(error, { depth: 9 })).not.toContain(laws.secret);
    });
  });
}

function alongAxis(index: number, length: number): number[] {
  return Array.from({ length }, (_, place) => (place === index ? 3 : 0));
}
