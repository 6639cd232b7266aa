import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPineconeClient, pineconeCall } from '#src/adapters/pinecone-client.ts';
import type { Emulator } from '../../support/emulators/emulator.ts';
import { PINECONE_KEY, startPinecone } from '../../support/emulators/pinecone/pinecone.ts';
import { eventually } from '../../support/eventually.ts';
import { failureIn } from './failure-in.ts';
import { scrubEnvironment } from './scrub-environment.ts';

const NEVER = new AbortController().signal;

describe('pineconeCall', () => {
  scrubEnvironment();
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await startPinecone();
  });
  afterAll(() => emulator.close());

  const client = () => createPineconeClient({ apiKey: PINECONE_KEY, controllerHost: emulator.url });
  const query = (signal = NEVER, host = emulator.url) =>
    pineconeCall(async () => (await client()()).index({ host }).query({ topK: 1, vector: Array.from({ length: 1024 }, () => 1) }), signal, 'pinecone/test');

  test('gives what the SDK gives', async () => {
    expect((await query()).matches).toEqual([]);
  });

  test('keeps the status, the delay and the id of a refusal, and tries once', async () => {
    const before = emulator.requests.length;
    emulator.script({ status: 503, headers: { 'retry-after': '7', 'x-pinecone-request-id': 'request-9' }, body: '{"message":"busy"}' });
    expect(await failureIn(query())).toMatchObject({ failure: 'unavailable', status: 503, retryAfterMs: 7000, requestId: 'request-9' });
    expect(emulator.requests.length - before).toBe(1);
  });

  test.each<[number, string]>([
    [400, 'bad_request'], [401, 'auth'], [402, 'quota'], [403, 'auth'], [404, 'not_found'], [409, 'bad_request'], [412, 'bad_request'],
    [413, 'too_large'], [429, 'rate_limited'], [500, 'unavailable'], [502, 'unavailable'], [504, 'timeout'],
  ])('status %d is %s', async (status, failure) => {
    emulator.script({ status, body: 'Plain words' });
    expect(await failureIn(query())).toMatchObject({ failure, status, message: 'pinecone/test: Plain words' });
  });

  test('what the SDK refuses to send is bad_request', async () => {
    const before = emulator.requests.length;
    const empty = pineconeCall(async () => (await client()()).index({ host: emulator.url }).query({ topK: 0, vector: [] }), NEVER, 'pinecone/test');
    expect(await failureIn(empty)).toMatchObject({ failure: 'bad_request' });
    expect(emulator.requests.length).toBe(before);
  });

  test('two calls of one client at a time each end by their own signal', async () => {
    const shared = client();
    const call = (signal: AbortSignal) =>
      pineconeCall(async () => (await shared()).index({ host: emulator.url }).describeIndexStats(), signal, 'pinecone/test');
    const before = emulator.requests.length;
    emulator.script({ hang: 'headers', times: 2 });
    const [one, other] = [new AbortController(), new AbortController()];
    const [first, second] = [failureIn(call(one.signal)), failureIn(call(other.signal))];
    await eventually(() => expect(emulator.requests.length - before).toBe(2));
    one.abort();
    expect(await first).toMatchObject({ failure: 'aborted' });
    expect(emulator.openRequests).toBeGreaterThan(0);
    other.abort(new DOMException('late', 'TimeoutError'));
    expect(await second).toMatchObject({ failure: 'timeout' });
    await eventually(() => expect(emulator.openRequests).toBe(0));
  });

  test('a name that nothing resolves, and TLS spoken to a server without it, are unavailable', async () => {
    expect(await failureIn(query(NEVER, 'http://nowhere.invalid'))).toMatchObject({ failure: 'unavailable' });
    const error = await failureIn(query(NEVER, emulator.url.replace('http:', 'https:')));
    expect(error).toMatchObject({ failure: 'unavailable' });
    expect(inspect(error, { depth: 9 })).not.toContain(PINECONE_KEY);
  });

  test('a call outside of it is a mistake of ours', async () => {
    const pinecone = await client()();
    const message = expect.stringContaining('inside pineconeCall');
    await expect(pinecone.index({ host: emulator.url }).describeIndexStats()).rejects.toMatchObject({ cause: { message } });
  });
});
