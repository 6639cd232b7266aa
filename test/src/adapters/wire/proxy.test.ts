import { execFile } from 'node:child_process';
import http from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { sharedAgents, useProxy } from '#src/adapters/wire/proxy.ts';
import { startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { startOpenAi } from '../../../support/emulators/openai/openai.ts';
import { EXAMPLE_ANSWER } from '../language-model/generation.ts';
import { startConnectProxy } from './connect-proxy.ts';
import type { ConnectProxy } from './connect-proxy.ts';
import { AUTHORITY, startTlsFront } from './tls-front.ts';
import type { TlsFront } from './tls-front.ts';

const run = promisify(execFile);

/** The names of the providers are known to the proxy alone. */
async function askAll(environment: Readonly<Record<string, string>>): Promise<string[]> {
  const env = { PATH: process.env['PATH'] ?? '', AWS_EC2_METADATA_DISABLED: 'true', ...environment };
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'proxied-process.ts')], { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[];
}

async function startProxy(): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(9);
  onTestFinished(() => proxy.close());
  return proxy;
}

describe('a proxy and a private authority', () => {
  let emulators: readonly Emulator[];
  let front: TlsFront;
  let proxy: ConnectProxy;
  beforeAll(async () => {
    const [gemini, openai, bedrock] = (emulators = await Promise.all([startGemini(), startOpenAi(), startBedrock()]));
    front = await startTlsFront({ gemini: gemini?.url ?? '', openai: openai?.url ?? '', bedrock: bedrock?.url ?? '' });
    proxy = await startConnectProxy(front.port);
  });
  afterAll(async () => {
    await proxy.close();
    await front.close();
    await Promise.all(emulators.map((emulator) => emulator.close()));
  });

  test('are used by every model', async () => {
    const outcomes = await askAll({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: AUTHORITY });
    expect(outcomes).toEqual([EXAMPLE_ANSWER, EXAMPLE_ANSWER, EXAMPLE_ANSWER]);
    expect(proxy.asked.toSorted()).toEqual(['bedrock.provider.test:443', 'gemini.provider.test:443', 'openai.provider.test:443']);
  }, 20_000);

  test('missing, make the provider unavailable: a certificate that nobody trusts, a name that nobody knows', async () => {
    const unavailable = ['unavailable', 'unavailable', 'unavailable'];
    expect(await askAll({ https_proxy: proxy.url })).toEqual(unavailable);
    expect(await askAll({ HTTPS_PROXY: proxy.url, NO_PROXY: '.provider.test', NODE_EXTRA_CA_CERTS: AUTHORITY })).toEqual(unavailable);
  }, 20_000);
});

describe('useProxy', () => {
  test('changes nothing without a proxy, and can be undone', async () => {
    const before = sharedAgents();
    useProxy({ HTTPS_PROXY: '', NO_PROXY: 'example.com' });
    expect(sharedAgents()).toEqual(before);
    const { url } = await startProxy();
    const undo = useProxy({ HTTPS_PROXY: url });
    expect(sharedAgents().httpsAgent).not.toBe(before.httpsAgent);
    undo();
    expect(sharedAgents().httpsAgent).toBe(before.httpsAgent);
  });

  test('leaves out what NO_PROXY names, and the addresses where clouds give out credentials', async () => {
    const proxy = await startProxy();
    onTestFinished(useProxy({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }));
    const server = http.createServer((_, response) => void response.end('straight'));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    expect(await (await fetch(url, { headers: { connection: 'close' } })).text()).toBe('straight');
    await fetch('http://169.254.169.254/latest', { signal: AbortSignal.timeout(50) }).catch(() => {});
    expect(proxy.asked).toEqual([]);
    await fetch('http://elsewhere.test').catch(() => {});
    expect(proxy.asked).toEqual(['elsewhere.test:80']);
  });

  test('refuses a proxy that is no http(s) URL without repeating it', () => {
    expect(() => useProxy({ HTTPS_PROXY: 'user:secret@proxy' })).toThrow(new TypeError('expected HTTPS_PROXY to be an http or https URL'));
  });
});
