import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LanguageModel, PromptMessage } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { Emulator, Script } from '../../../support/emulators/emulator.ts';
import { eventually } from '../../../support/eventually.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { collect, EXAMPLE_ANSWER, exampleRequest, say } from './generation.ts';
import { outcomesOf, SHORT_REQUEST, startTruncatingServer } from './truncation.ts';

/** An adapter, and the provider that the laws hold for. */
export interface LanguageModelLaws {
  readonly name: string;
  /** Never to be seen in an error. */
  readonly secret: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly start: () => Promise<Emulator>;
  readonly create: (url: string, secret?: string) => LanguageModel;
  readonly check: (url: string, signal: AbortSignal, secret?: string) => Promise<void>;
  /** Sends a prompt as the adapter does, for the bytes of the answer. */
  readonly record: (url: string, prompt: readonly PromptMessage[]) => Promise<Response>;
  /** Scripted errors and the failures that they are. */
  readonly failures: readonly (readonly [script: string, failure: string, retryAfterMs?: number])[];
  /** The scripted error that stops an answer in its middle by a rule. */
  readonly blockedInMidAnswer: string;
}

const NEVER = new AbortController().signal;
const HANGS = ['connect', 'headers', 'body'] as const;

export function describeLanguageModel(laws: LanguageModelLaws): void {
  describe(`${laws.name}`, () => {
    scrubEnvironment(laws.environment);
    let emulator: Emulator;
    let model: LanguageModel;
    beforeAll(async () => {
      emulator = await laws.start();
      model = laws.create(emulator.url);
    });
    afterAll(() => emulator.close());
    const failing = async (script: Script) => {
      emulator.script(script);
      return failureIn(say(model, exampleRequest()));
    };

    test('streams the answer in pieces, then one end with what it cost', async () => {
      const { text, pieces, ends, error } = await collect(model, exampleRequest());
      expect(error).toBeUndefined();
      expect(text).toBe(EXAMPLE_ANSWER);
      expect(pieces).toBeGreaterThan(5);
      expect(ends).toHaveLength(1);
      const { finish, usage } = ends[0] ?? {};
      expect(finish).toBe('stop');
      expect(usage?.input_tokens).toBeGreaterThan(20);
      expect(usage?.output_tokens).toBeGreaterThan(5);
      expect(usage?.total_tokens).toBe((usage?.input_tokens ?? 0) + (usage?.output_tokens ?? 0));
    });

    test('answers whole when the bytes come one by one', async () => {
      emulator.script({ chunkBytes: 1, gapMs: 0 });
      expect(await say(model, exampleRequest())).toBe(EXAMPLE_ANSWER);
    });

    test('makes one request of a call, also of one that fails', async () => {
      const before = emulator.requests.length;
      await say(model, exampleRequest());
      await failing({ error: 'unavailable' });
      expect(emulator.requests.length - before).toBe(2);
    });

    test('uses a connection again', async () => {
      await say(model, exampleRequest());
      const before = emulator.openSockets;
      for (let call = 0; call < 3; call += 1) await say(model, exampleRequest());
      expect(emulator.openSockets).toBeLessThanOrEqual(before);
    });

    test('ends by its limit as length', async () => {
      const { ends, text } = await collect(model, exampleRequest({ maxOutputTokens: 4 }));
      expect(text.length === 0 || EXAMPLE_ANSWER.startsWith(text)).toBe(true);
      expect(ends.map(({ finish }) => finish)).toEqual([text === EXAMPLE_ANSWER ? 'stop' : 'length']);
    });

    test.for(laws.failures)('tells %s as %s', async ([error, failure, retryAfterMs]) => {
      const caught = await failing({ error });
      expect(caught).toMatchObject({ failure, account: model.account, retryAfterMs: retryAfterMs ?? caught.retryAfterMs });
    });

    test('tells a wrong key as auth and repeats it nowhere', async () => {
      const secret = `${laws.secret}-but-wrong`;
      const caught = await failureIn(say(laws.create(emulator.url, secret), exampleRequest()));
      expect(caught.failure).toBe('auth');
      expect(inspect(caught, { depth: 10 })).not.toContain(secret);
    });

    test('tells an HTML page with status 500 as unavailable', async () => {
      const caught = await failing({ status: 500, headers: { 'content-type': 'text/html' }, body: '<html><h1>Oops</h1></html>' });
      expect(caught).toMatchObject({ failure: 'unavailable', status: 500 });
      expect(caught.message).not.toContain('<');
    });

    test('reads Retry-After in seconds and as a date', async () => {
      expect(await failing({ status: 503, headers: { 'retry-after': '7' }, body: '{}' })).toMatchObject({ failure: 'unavailable', retryAfterMs: 7000 });
      const date = new Date(Date.now() + 20_000).toUTCString();
      const { retryAfterMs } = await failing({ status: 429, headers: { 'retry-after': date }, body: '{}' });
      expect(retryAfterMs).toBeGreaterThan(15_000);
      expect(retryAfterMs).toBeLessThanOrEqual(20_000);
    });

    test('takes no garbage for an answer', async () => {
      const caught = await failing({ garbage: true });
      expect(['bad_response', 'truncated']).toContain(caught.failure);
    });

    test('follows no redirect', async () => {
      const caught = await failing({ status: 302, headers: { location: `${emulator.url}/elsewhere` }, body: '' });
      expect(caught.failure).toBe('bad_response');
    });

    test('asks for nothing when its signal is aborted before', async () => {
      const before = emulator.requests.length;
      const { text, ends, error } = await collect(model, exampleRequest(), AbortSignal.abort());
      expect({ text, ends, error }).toEqual({ text: '', ends: [], error: undefined });
      expect(emulator.requests.length).toBe(before);
    });

    test.each(HANGS)('ends silently and closes its socket when aborted while the provider hangs: %s', async (hang) => {
      const before = emulator.requests.length;
      emulator.script({ hang });
      const controller = new AbortController();
      const collected = collect(model, exampleRequest(), controller.signal);
      await eventually(() => expect(emulator.requests.length).toBe(before + 1));
      const abortedAt = performance.now();
      controller.abort();
      const { ends, error } = await collected;
      expect(performance.now() - abortedAt).toBeLessThan(100);
      expect({ ends, error }).toEqual({ ends: [], error: undefined });
      await eventually(() => expect(emulator.requests[before]?.closedEarly).toBe(true));
      expect((emulator.requests[before]?.closedAtMs ?? Infinity) - abortedAt).toBeLessThan(100);
    });

    test('ends silently, whatever the reason of the abort, in mid-answer', async () => {
      for (const reason of [new Error('no more'), new DOMException('late', 'TimeoutError'), new ProviderError('timeout', 'a', 'stalled')]) {
        emulator.script({ hang: 'body' });
        const controller = new AbortController();
        let parts = 0;
        for await (const part of model.stream(exampleRequest(), controller.signal)) {
          expect(part.type).toBe('text');
          parts += 1;
          if (parts === 2) controller.abort(reason);
        }
        expect(parts).toBe(2);
      }
    });

    test('closes its socket when its reader leaves', async () => {
      const before = emulator.requests.length;
      emulator.script({ hang: 'body' });
      for await (const part of model.stream(exampleRequest(), NEVER)) {
        if (part.type === 'text') break;
      }
      await eventually(() => expect(emulator.requests[before]?.closedEarly).toBe(true));
    });

    test('keeps no listener on a signal that serves many calls', async () => {
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: Parameters<typeof addEventListener>) => ((listeners += 1), addEventListener.apply(signal, args));
      signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => ((listeners -= 1), removeEventListener.apply(signal, args));
      for (let call = 0; call < 3; call += 1) await say(model, exampleRequest(), signal);
      expect(listeners).toBe(0);
    });

    test('says blocked for a question and for an answer that a rule stopped, after what was said', async () => {
      const question = await collect(model, exampleRequest({ question: 'When does it close? [[block]]' }));
      expect(question.error).toMatchObject({ failure: 'blocked' });
      emulator.script({ error: laws.blockedInMidAnswer });
      const answer = await collect(model, exampleRequest());
      expect(answer.error).toMatchObject({ failure: 'blocked' });
      expect(EXAMPLE_ANSWER.startsWith(answer.text)).toBe(true);
      expect(answer.ends).toEqual([]);
    });

    test('reaches no server that is not there', async () => {
      const closed = await laws.start();
      await closed.close();
      const urls = [closed.url, 'http://nowhere.invalid', emulator.url.replace('http:', 'https:')];
      for (const url of urls) expect(await failureIn(say(laws.create(url), exampleRequest()))).toMatchObject({ failure: 'unavailable' });
    });

    test.each([['clean', 1], ['cut', 7]] as const)('never takes a part of an answer for the whole, wherever a %s end comes', async (ending, step) => {
      const response = await laws.record(emulator.url, SHORT_REQUEST.prompt);
      const recording = { contentType: response.headers.get('content-type') ?? '', bytes: Buffer.from(await response.arrayBuffer()) };
      const server = await startTruncatingServer(recording, ending, step);
      try {
        // One more than there are places: the last gets the whole recording.
        const count = Math.ceil(recording.bytes.length / step) + 1;
        const outcomes = await outcomesOf(laws.create(server.url), count);
        expect([...outcomes.keys()].filter((outcome) => !FAILURES_OF_A_CUT.has(outcome))).toEqual(['complete']);
        expect(outcomes.get('complete')).toBeLessThan(count / 2);
      } finally {
        await server.close();
      }
    }, 20_000);

    test('is checked without asking much: fine as it is, auth with a wrong key', async () => {
      await expect(laws.check(emulator.url, NEVER)).resolves.toBeUndefined();
      expect(await failureIn(laws.check(emulator.url, NEVER, `${laws.secret}-but-wrong`))).toMatchObject({ failure: 'auth' });
      emulator.script({ hang: 'connect' });
      expect(await failureIn(laws.check(emulator.url, AbortSignal.timeout(30)))).toMatchObject({ failure: 'timeout' });
    });
  });
}

const FAILURES_OF_A_CUT = new Set(['truncated', 'bad_response', 'unavailable']);
