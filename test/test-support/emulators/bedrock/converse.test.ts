import { ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import type { BedrockRuntimeClient, ConverseCommandInput, ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BedrockEmulator } from '../../../support/emulators/bedrock/bedrock.ts';
import { GUARDRAIL, INFERENCE_PROFILE_ARN, startBedrock } from '../../../support/emulators/bedrock/bedrock.ts';
import { signedClient } from './bedrock-client.ts';

const NOVA = 'amazon.nova-lite-v1:0';
const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const OPUS = 'us.anthropic.claude-opus-4-7';
const ANSWER = 'Bananas grow in warm places [1].';

let emulator: BedrockEmulator;
let client: BedrockRuntimeClient;

beforeEach(async () => {
  emulator = await startBedrock();
  client = signedClient(emulator.url);
});
afterEach(async () => {
  client.destroy();
  await emulator.close();
});

type Fields = Partial<ConverseCommandInput>;

function prompt(fields: Fields = {}, question = 'Where do bananas grow?'): ConverseCommandInput {
  const text = `Question: ${question}\n\nContext:\n<source id="1" title="Fruit">\nBananas grow in warm places. Apples do not.\n</source>`;
  return { modelId: NOVA, messages: [{ role: 'user', content: [{ text }] }], system: [{ text: 'Answer.' }], ...fields };
}

async function converse(fields: Fields = {}, question?: string) {
  const { output, stopReason, usage } = await client.send(new ConverseCommand(prompt(fields, question)));
  return { text: output?.message?.content?.map(({ text }) => text ?? '').join(''), stopReason, usage };
}

interface Heard {
  text: string;
  thoughts: string;
  stopReason?: string | undefined;
  outputTokens?: number | undefined;
}

async function stream(fields: Fields = {}, heard: Heard = { text: '', thoughts: '' }): Promise<Heard> {
  const answer = await client.send(new ConverseStreamCommand(prompt(fields)));
  for await (const event of answer.stream ?? []) hear(event, heard);
  return heard;
}

function hear(event: ConverseStreamOutput, heard: Heard): void {
  heard.text += event.contentBlockDelta?.delta?.text ?? '';
  heard.thoughts += event.contentBlockDelta?.delta?.reasoningContent?.text ?? '';
  heard.stopReason = event.messageStop?.stopReason ?? heard.stopReason;
  heard.outputTokens = event.metadata?.usage?.outputTokens ?? heard.outputTokens;
}

function continued(modelId: string, soFar: string): Fields {
  return { modelId, messages: [...(prompt().messages ?? []), { role: 'assistant', content: [{ text: soFar }] }] };
}

describe('answers', () => {
  test('an answer and its stream say the same, with a stop reason and usage', async () => {
    const whole = await converse();
    expect(whole).toMatchObject({ text: ANSWER, stopReason: 'end_turn', usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) } });
    expect(await stream()).toEqual({ text: ANSWER, thoughts: '', stopReason: 'end_turn', outputTokens: whole.usage?.outputTokens });
  });

  test.each([[HAIKU], [INFERENCE_PROFILE_ARN], [`arn:aws:bedrock:us-east-1:123456789012:inference-profile/${HAIKU}`], ['arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0']])(
    'a model is reached as %s', async (modelId) => {
      expect(await converse({ modelId })).toMatchObject({ text: ANSWER });
    });

  test('no more is said than was asked for', async () => {
    expect(await converse({ inferenceConfig: { maxTokens: 2 } })).toMatchObject({ text: expect.stringMatching(/^Banana/), stopReason: 'max_tokens', usage: { outputTokens: 2 } });
    expect(await converse({ inferenceConfig: { stopSequences: ['warm'] } })).toMatchObject({ text: 'Bananas grow in ', stopReason: 'stop_sequence' });
  });

  test('thoughts come in a block of their own and use up the tokens of the answer', async () => {
    const additionalModelRequestFields = { thinking: { type: 'enabled', budget_tokens: 1024 } };
    expect(await stream({ modelId: HAIKU, additionalModelRequestFields })).toMatchObject({ text: ANSWER, thoughts: 'Let me read the sources.' });
    expect(await stream({ modelId: HAIKU, additionalModelRequestFields, inferenceConfig: { maxTokens: 3 } })).toMatchObject({ text: '', stopReason: 'max_tokens', outputTokens: 3 });
  });

  test('what stands before a cache point is written once and read afterwards', async () => {
    const system = [{ text: 'word '.repeat(2000) }, { cachePoint: { type: 'default' as const } }];
    expect((await converse({ modelId: HAIKU, system })).usage).toMatchObject({ cacheWriteInputTokens: expect.closeTo(2000, -1), cacheReadInputTokens: 0 });
    expect((await converse({ modelId: HAIKU, system })).usage).toMatchObject({ cacheWriteInputTokens: 0, cacheReadInputTokens: expect.closeTo(2000, -1) });
  });

  test('an answer has the form that a schema asks for', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { answer: { type: 'string' } } });
    const { text } = await converse({ modelId: HAIKU, outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema } } } } });
    expect(JSON.parse(text ?? '')).toEqual({ answer: ANSWER });
  });
});

describe('a last turn of the assistant', () => {
  test.each([[NOVA], [HAIKU]])('%s goes on after it', async (modelId) => {
    expect(await converse(continued(modelId, 'Bananas grow'))).toMatchObject({ text: ' in warm places [1].' });
  });

  test.each([[OPUS], ['us.anthropic.claude-sonnet-5-20260901-v1:0'], ['us.anthropic.claude-opus-4-6-v1'], ['us.amazon.nova-2-lite-v1:0']])('%s refuses it', async (modelId) => {
    await expect(converse(continued(modelId, 'Bananas grow'))).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringContaining('must end with a user message') });
  });

  test('Claude refuses one that ends in a blank', async () => {
    await expect(converse(continued(HAIKU, 'Bananas grow '))).rejects.toThrow(/trailing whitespace/);
  });
});

describe('blocks', () => {
  const guardrailConfig = { guardrailIdentifier: GUARDRAIL.id, guardrailVersion: GUARDRAIL.version };

  test('a guardrail steps in, without one the model refuses', async () => {
    expect(await converse({ guardrailConfig }, 'How to [[block]]?')).toMatchObject({ text: 'Sorry, the model cannot answer this question.', stopReason: 'guardrail_intervened' });
    expect(await converse({}, 'How to [[block]]?')).toMatchObject({ text: '', stopReason: 'content_filtered' });
  });

  test('an answer is blocked in its middle, as scripted', async () => {
    emulator.script({ error: 'blocked-answer' });
    const heard = await stream({});
    expect(heard).toMatchObject({ stopReason: 'content_filtered' });
    expect(ANSWER.startsWith(heard.text) && heard.text !== ANSWER).toBe(true);
  });

  test('an unknown guardrail is refused', async () => {
    await expect(converse({ guardrailConfig: { ...guardrailConfig, guardrailVersion: '9' } })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('what the real service refuses', () => {
  test.each<[string, Fields, RegExp]>([
    ['an unknown model', { modelId: 'amazon.nova-9' }, /model identifier is invalid/],
    ['a model that needs a profile', { modelId: 'anthropic.claude-haiku-4-5-20251001-v1:0' }, /on-demand throughput/],
    ['an embedding model', { modelId: 'amazon.titan-embed-text-v2:0' }, /doesn't support the model/],
    ['two user turns in a row', { messages: [{ role: 'user', content: [{ text: 'a' }] }, { role: 'user', content: [{ text: 'b' }] }] }, /must alternate/],
    ['an assistant who begins', { messages: [{ role: 'assistant', content: [{ text: 'a' }] }] }, /start with a user message/],
    ['a blank text', { messages: [{ role: 'user', content: [{ text: ' ' }] }] }, /is blank/],
    ['a temperature above 1', { inferenceConfig: { temperature: 1.5 } }, /temperature/],
    ['a temperature where it is fixed', { modelId: OPUS, inferenceConfig: { temperature: 0.2 } }, /may not be set/],
    ['temperature and topP together', { modelId: HAIKU, inferenceConfig: { temperature: 0.2, topP: 0.5 } }, /cannot both/],
    ['too many tokens', { inferenceConfig: { maxTokens: 10_001 } }, /exceeds the model limit/],
    ['tools, which are not emulated', { toolConfig: { tools: [] } }, /toolConfig/],
  ])('%s', async (_, fields, message) => {
    await expect(converse(fields)).rejects.toMatchObject({ name: 'ValidationException', message: expect.stringMatching(message), $metadata: { httpStatusCode: 400 } });
  });

  test('a prompt over the context', async () => {
    await emulator.close();
    emulator = await startBedrock({ contextTokens: 10 });
    client.destroy();
    client = signedClient(emulator.url);
    await expect(converse()).rejects.toThrow('Input is too long for requested model.');
  });
});

/** What was heard of a scripted stream, and what it threw. */
async function broken(error: string): Promise<{ readonly heard: Heard; readonly thrown: unknown }> {
  emulator.script({ error });
  const heard: Heard = { text: '', thoughts: '' };
  let thrown: unknown;
  try {
    await stream({}, heard);
  } catch (reason) {
    thrown = reason;
  }
  expect(ANSWER.startsWith(heard.text)).toBe(true);
  return { heard, thrown };
}

describe('a stream that breaks', () => {
  test.each([
    ['throttled-frame', 'ThrottlingException'], ['internal-frame:2', 'InternalServerException'], ['unavailable-frame:1', 'ServiceUnavailableException'],
    ['model_error-frame', 'ModelStreamErrorException'], ['bad_request-frame', 'ValidationException'],
  ])('%s throws %s in the middle', async (error, name) => {
    const { heard, thrown } = await broken(error);
    expect(thrown).toMatchObject({ name });
    expect(heard.stopReason).toBeUndefined();
  });

  test('a wrong checksum is noticed at its frame', async () => {
    const { thrown, heard } = await broken('bad-crc:2');
    expect(thrown).toMatchObject({ message: expect.stringMatching(/checksum/i) });
    expect(heard.text).not.toBe('');
  });

  test('a frame cut in its middle is noticed', async () => {
    expect((await broken('cut-frame')).thrown).toMatchObject({ message: 'Truncated event message received.' });
  });

  test('a stream without its end ends in silence', async () => {
    expect(await broken('no-stop')).toMatchObject({ thrown: undefined, heard: { text: ANSWER, stopReason: undefined } });
  });

  test('an error before the stream is one of HTTP', async () => {
    emulator.script({ error: 'throttled' });
    await expect(stream()).rejects.toMatchObject({ name: 'ThrottlingException', $metadata: { httpStatusCode: 429 } });
  });
});
