import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai/web';
import { Pinecone } from '@pinecone-database/pinecone';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scrubEnvironment } from '../../src/adapters/scrub-environment.ts';
import { EXAMPLE_ANSWER, examplePrompt } from '../../support/emulators/example-prompt.ts';
import { startEmulators } from '../../support/emulators/start-emulators.ts';
import type { Emulators } from '../../support/emulators/start-emulators.ts';

let emulators: Emulators;

beforeAll(async () => void (emulators = await startEmulators()));
afterAll(() => emulators.close());
scrubEnvironment();

function variable(name: string): string {
  const value = emulators.environment[name];
  if (value === undefined) throw new Error(`expected ${name} to be set`);
  return value;
}

const { system, user } = examplePrompt();

const ASK = {
  async gemini(): Promise<string | undefined> {
    const httpOptions = { baseUrl: variable('GOOGLE_GEMINI_BASE_URL') };
    const ai = new GoogleGenAI({ apiKey: variable('GEMINI_API_KEY'), vertexai: false, apiVersion: 'v1beta', httpOptions });
    return (await ai.models.generateContent({ model: 'gemini-3.8-flash', contents: user, config: { systemInstruction: system } })).text;
  },
  async bedrock(): Promise<string | undefined> {
    const credentials = { accessKeyId: variable('AWS_ACCESS_KEY_ID'), secretAccessKey: variable('AWS_SECRET_ACCESS_KEY') };
    const endpoint = variable('AWS_ENDPOINT_URL_BEDROCK_RUNTIME');
    const client = new BedrockRuntimeClient({ region: variable('AWS_REGION'), endpoint, credentials, authSchemePreference: ['sigv4'], requestHandler: new NodeHttpHandler() });
    const messages = [{ role: 'user' as const, content: [{ text: user }] }];
    const { output } = await client.send(new ConverseCommand({ modelId: 'us.amazon.nova-2-lite-v1:0', system: [{ text: system }], messages }));
    client.destroy();
    return output?.message?.content?.[0]?.text;
  },
  async openAi(): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${variable('OPENAI_API_KEY')}` };
    const body = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'system', content: system }, { role: 'user', content: user }] });
    const response = await fetch(`${variable('OPENAI_BASE_URL')}/chat/completions`, { method: 'POST', headers, body });
    return ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content;
  },
};

describe('startEmulators', () => {
  test.for(['gemini', 'bedrock', 'openAi'] as const)('gives an environment with which %s says what all of them say', async (name) => {
    expect(await ASK[name]()).toBe(EXAMPLE_ANSWER);
  });

  test('gives an environment with which Pinecone keeps a vector', async () => {
    const pinecone = new Pinecone({ apiKey: variable('PINECONE_API_KEY'), controllerHostUrl: variable('PINECONE_CONTROLLER_HOST') });
    const index = pinecone.index({ host: variable('PINECONE_INDEX_HOST') });
    await index.upsert({ records: [{ id: 'a', values: Array.from({ length: 1024 }, () => 0.1) }] });
    expect((await index.fetch({ ids: ['a'] })).records['a']?.id).toBe('a');
  });

  test('gives an environment with which Qdrant keeps a collection', async () => {
    const headers = { 'api-key': variable('QDRANT_API_KEY'), 'content-type': 'application/json' };
    const url = `${variable('QDRANT_URL')}/collections/c`;
    const created = await fetch(url, { method: 'PUT', headers, body: JSON.stringify({ vectors: { size: 4, distance: 'Cosine' } }) });
    expect([created.status, (await fetch(url, { headers })).status]).toEqual([200, 200]);
  });

  test('lets each fail in its own order', async () => {
    const failing = await startEmulators({ faultShare: 1, seed: 3 });
    const fates = await Promise.all([failing.gemini, failing.openAi].map(fateOfTenRequests));
    expect(fates[0]).not.toEqual(fates[1]);
    expect(fates.flat().every((fate) => fate !== '200 {}')).toBe(true);
    await failing.close();
  });
});

async function fateOfTenRequests({ url }: { readonly url: string }): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: 10 }, async () => {
      const response = await fetch(`${url}/v1/models`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
      return response === undefined ? 'none' : `${response.status} ${await response.text().catch(() => 'cut')}`;
    }),
  );
}
