import { InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, BEDROCK_KEY, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import { bearerClient, signedClient } from './bedrock-client.ts';

const TITAN = 'amazon.titan-embed-text-v2:0';
let emulator: BedrockEmulator;
let offsetMs: number;

beforeEach(async () => {
  offsetMs = 0;
  emulator = await startBedrock({ nowMs: () => Date.now() + offsetMs });
});
afterEach(async () => emulator.close());

async function call(client: BedrockRuntimeClient): Promise<number | undefined> {
  try {
    const { $metadata } = await client.send(new InvokeModelCommand({ modelId: TITAN, body: JSON.stringify({ inputText: 'ä (tea)', dimensions: 256 }) }));
    return $metadata.httpStatusCode;
  } finally {
    client.destroy();
  }
}

test('a right signature is accepted, though the path is percent-encoded twice', async () => {
  expect(await call(signedClient(emulator.url))).toBe(200);
  expect(emulator.requests[0]).toMatchObject({ rawPath: '/model/amazon.titan-embed-text-v2%3A0/invoke', path: `/model/${TITAN}/invoke` });
});

test('a wrong secret is a signature that does not match', async () => {
  await expect(call(signedClient(emulator.url, { secretAccessKey: 'wrong' }))).rejects.toMatchObject({
    name: 'InvalidSignatureException', message: expect.stringContaining('does not match'), $metadata: { httpStatusCode: 403, requestId: expect.any(String) },
  });
});

test('an unknown key is an unrecognized client', async () => {
  await expect(call(signedClient(emulator.url, { accessKeyId: 'AKIAUNKNOWN' }))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
});

test('a request signed for another region is refused', async () => {
  await expect(call(signedClient(emulator.url, {}, 'eu-west-1'))).rejects.toMatchObject({ name: 'InvalidSignatureException' });
});

test.each([
  [6 * 60_000, /^Signature expired/],
  [-6 * 60_000, /^Signature not yet current/],
])('a clock that is %d ms away is refused', async (skewMs, message) => {
  offsetMs = skewMs;
  await expect(call(signedClient(emulator.url))).rejects.toMatchObject({ name: 'InvalidSignatureException', message: expect.stringMatching(message) });
});

test('a clock that is 4 minutes away is accepted', async () => {
  offsetMs = 4 * 60_000;
  expect(await call(signedClient(emulator.url))).toBe(200);
});

test('temporary credentials need their session token and end', async () => {
  emulator.accounts.set(AWS_ACCESS_KEY_ID, { secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: 'session', expiresAtMs: Date.now() + 60_000 });
  expect(await call(signedClient(emulator.url, { sessionToken: 'session' }))).toBe(200);
  await expect(call(signedClient(emulator.url))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  await expect(call(signedClient(emulator.url, { sessionToken: 'another' }))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  offsetMs = 61_000;
  await expect(call(signedClient(emulator.url, { sessionToken: 'session' }))).rejects.toMatchObject({ name: 'ExpiredTokenException' });
});

test('a bearer key is accepted, a wrong one is denied', async () => {
  expect(await call(bearerClient(emulator.url, BEDROCK_KEY))).toBe(200);
  await expect(call(bearerClient(emulator.url, 'wrong'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('a request without any is refused', async () => {
  const answer = await fetch(`${emulator.url}/model/${TITAN}/invoke`, { method: 'POST', body: '{}' });
  expect([answer.status, answer.headers.get('x-amzn-errortype')?.split(':')[0]]).toEqual([403, 'MissingAuthenticationTokenException']);
});
