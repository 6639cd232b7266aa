import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { Emulator, EmulatorHandler, EmulatorOptions } from '../../support/emulators/emulator.ts';
import { Refusal, startEmulator } from '../../support/emulators/emulator.ts';
import { eventually } from '../../support/eventually.ts';

const TEXT = 'abcdefghijklmnopqrstuvwxyz';
const running: Emulator[] = [];

async function start(options: EmulatorOptions = {}, handler: EmulatorHandler = () => ({ body: TEXT })): Promise<Emulator> {
  const emulator = await startEmulator(handler, options);
  running.push(emulator);
  return emulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()));
});

/** What arrives of a body until it ends, in whatever way. */
async function received(url: string, signal?: AbortSignal): Promise<{ readonly text: string; readonly ended: boolean }> {
  let text = '';
  try {
    const response = await fetch(url, signal === undefined ? {} : { signal });
    for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk);
    return { text, ended: true };
  } catch {
    return { text, ended: false };
  }
}

describe('an emulator records', () => {
  test('method, decoded path, headers and the bytes of the body', async () => {
    const emulator = await start();
    await fetch(`${emulator.url}/model/titan%3A0?x=a%20b`, { method: 'POST', body: 'héllo', headers: { 'x-mark': '1' } });
    const [request] = emulator.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/model/titan:0?x=a b', rawPath: '/model/titan%3A0?x=a%20b', closedEarly: false });
    expect(request?.body.toString('utf8')).toBe('héllo');
    expect(request?.headers['x-mark']).toBe('1');
  });

  test('that a client closed before the answer was complete', async () => {
    const emulator = await start();
    emulator.script({ hang: 'body' });
    const controller = new AbortController();
    const reading = received(emulator.url, controller.signal);
    await eventually(() => expect(emulator.openRequests).toBe(1));
    controller.abort();
    await reading;
    await eventually(() => expect(emulator.requests[0]).toMatchObject({ closedEarly: true }));
    await eventually(() => expect([emulator.openRequests, emulator.openSockets]).toEqual([0, 0]));
  });

  test('no early close where it cut the connection itself', async () => {
    const emulator = await start();
    emulator.script({ cutAtByte: 3 });
    await received(emulator.url);
    await eventually(() => expect(emulator.requests[0]?.closedAtMs).toBeDefined());
    expect(emulator.requests[0]?.closedEarly).toBe(false);
  });

  test('only the newest requests, as many as it is told', async () => {
    const emulator = await start({ keepRequests: 2 });
    for (const path of ['/1', '/2', '/3']) await received(emulator.url + path);
    expect(emulator.requests.map(({ path }) => path)).toEqual(['/2', '/3']);
  });

  test('requests that it lists without their secrets', async () => {
    const emulator = await start();
    const secrets = { authorization: 'Bearer hush', 'x-goog-api-key': 'hush', 'api-key': 'hush', 'x-amz-security-token': 'hush' };
    await fetch(`${emulator.url}/a?key=hush`, { headers: secrets });
    const listed = await (await fetch(`${emulator.url}/_requests`)).text();
    expect(JSON.parse(listed)).toMatchObject([{ method: 'GET', path: '/a?key=…' }]);
    expect(listed).not.toContain('hush');
  });
});

describe('a script', () => {
  test('answers raw instead of the honest answer', async () => {
    const emulator = await start();
    emulator.script({ status: 502, headers: { 'content-type': 'text/html', 'retry-after': '3' }, body: '<h1>no</h1>' });
    const response = await fetch(emulator.url);
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([502, '3', '<h1>no</h1>']);
    expect(await received(emulator.url)).toEqual({ text: TEXT, ended: true });
  });

  test.for([0, 1, 13, 25])('cuts the connection after exactly %i bytes', async (cutAtByte) => {
    const emulator = await start();
    emulator.script({ cutAtByte });
    expect(await received(emulator.url)).toEqual({ text: TEXT.slice(0, cutAtByte), ended: false });
  });

  test('ends a stream cleanly after exactly its bytes', async () => {
    const emulator = await start();
    emulator.script({ endAtByte: 7 });
    expect(await received(emulator.url)).toEqual({ text: TEXT.slice(0, 7), ended: true });
  });

  test('closes the connection before the headers', async () => {
    const emulator = await start();
    emulator.script({ cutAtByte: -1 });
    await expect(fetch(emulator.url)).rejects.toThrow('fetch failed');
  });

  test.for(['connect', 'headers', 'body'] as const)('hangs at %s with its socket open until the client goes', async (hang) => {
    const emulator = await start();
    emulator.script({ hang });
    const { promise: shown, resolve } = Promise.withResolvers<string>();
    const request = httpRequest(emulator.url, (response) => {
      response.on('error', () => {});
      if (hang === 'headers') resolve('');
      response.on('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    });
    request.on('error', () => {}).end();
    await eventually(() => expect(emulator.openRequests).toBe(1));
    expect(await (hang === 'connect' ? '' : shown)).toBe(hang === 'body' ? TEXT.slice(0, 13) : '');
    expect(emulator.openSockets).toBe(1);
    request.destroy();
    await eventually(() => expect(emulator.openSockets).toBe(0));
    expect(emulator.requests[0]?.closedEarly).toBe(true);
  });

  test('drips the body in pieces', async () => {
    const emulator = await start();
    emulator.script({ chunkBytes: 10, gapMs: 5 });
    const response = await fetch(emulator.url);
    const sizes: number[] = [];
    for await (const chunk of response.body ?? []) sizes.push(chunk.length);
    expect(sizes).toEqual([10, 10, 6]);
  });

  test('sends what is no JSON', async () => {
    const emulator = await start();
    emulator.script({ garbage: true });
    const response = await fetch(emulator.url);
    expect(response.status).toBe(200);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });

  test('waits before the headers, and not once the client has gone', async () => {
    const emulator = await start();
    emulator.script({ delayMs: 60_000 });
    const controller = new AbortController();
    const reading = received(emulator.url, controller.signal);
    await eventually(() => expect(emulator.openRequests).toBe(1));
    controller.abort();
    expect(await reading).toEqual({ text: '', ended: false });
    await eventually(() => expect(emulator.openRequests).toBe(0));
  });

  test('is used by requests whose path holds its own, as often as it says, and in order', async () => {
    const emulator = await start();
    emulator.script({ path: '/query', times: 2, status: 503 });
    emulator.script({ path: '/query', status: 429 });
    const paths = ['/other', '/query', '/query', '/query', '/query'];
    const statuses: number[] = [];
    for (const path of paths) statuses.push((await fetch(emulator.url + path)).status);
    expect(statuses).toEqual([200, 503, 503, 429, 200]);
  });

  test('gives the handler the name of its error', async () => {
    const emulator = await start({}, ({ error }) => ({ status: error === undefined ? 200 : 418 }));
    emulator.script({ error: 'throttled' });
    expect((await fetch(emulator.url)).status).toBe(418);
  });

  test('may come over the wire, alone or with others', async () => {
    const emulator = await start();
    const body = JSON.stringify([{ status: 503 }, { status: 429 }]);
    expect((await fetch(`${emulator.url}/_script`, { method: 'POST', body })).status).toBe(200);
    expect([(await fetch(emulator.url)).status, (await fetch(emulator.url)).status]).toEqual([503, 429]);
    expect(emulator.requests).toHaveLength(2);
  });

  test.for(['{"hangs":"body"}', '{"hang":"later"}', '{"delayMs":"10"}', 'no JSON', '7'])('is refused over the wire when it is %s', async (body) => {
    const emulator = await start();
    expect((await fetch(`${emulator.url}/_script`, { method: 'POST', body })).status).toBe(400);
  });
});

describe('an emulator', () => {
  test('answers what its handler refuses with', async () => {
    const emulator = await start({}, () => {
      throw new Refusal({ status: 403, body: '{}' });
    });
    expect((await fetch(emulator.url)).status).toBe(403);
  });

  test('says so when its handler is broken', async () => {
    const emulator = await start({}, () => {
      throw new Error('broken');
    });
    const response = await fetch(emulator.url);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('mistake of the emulator')]);
  });

  test('sends the pieces of a stream apart when it is told how far', async () => {
    const emulator = await start({ tokenMs: 5 }, () => ({ stream: ['one', 'two', 'three'] }));
    const response = await fetch(emulator.url);
    const pieces: string[] = [];
    for await (const chunk of response.body ?? []) pieces.push(new TextDecoder().decode(chunk));
    expect(pieces).toEqual(['one', 'two', 'three']);
  });

  test('throttles what is over its rate', async () => {
    const emulator = await start({ requestsPerSecond: 2 }, ({ error }) => ({ status: error === 'throttled' ? 429 : 200 }));
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await fetch(emulator.url)).status));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
    expect(statuses).toContain(429);
  });

  test('closes with requests under way', async () => {
    const emulator = await start({ delayMs: 60_000 });
    const reading = received(emulator.url);
    await eventually(() => expect(emulator.openRequests).toBe(1));
    await emulator.close();
    expect(await reading).toEqual({ text: '', ended: false });
  });
});
