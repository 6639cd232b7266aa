import type { Usage } from '#src/ports/answer.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { failureOfStatus } from '../wire/failure.ts';
import { usageOf } from './answer-stream.ts';
import type { AnswerChunk } from './answer-stream.ts';
import { openAiErrorFields } from './openai-failure.ts';

type Fields = Readonly<Record<string, unknown>>;

/** `content_filter` is thrown as `blocked`; no tools are offered, so a call of one is no answer. */
const FINISH: Readonly<Record<string, 'stop' | 'length'>> = { stop: 'stop', length: 'length' };

/** Reads the data of one event (`chat.completion.chunk`). Throws ProviderError. */
export function readCompletionChunk(data: string, account: string): AnswerChunk {
  const chunk = parse(data, account);
  if (chunk['error'] !== undefined && chunk['error'] !== null) throw errorInStream(chunk, account);
  const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
  const choice = fieldsOf(choices[0]);
  const delta = fieldsOf(choice['delta']);
  const requestId = typeof chunk['id'] === 'string' ? { requestId: chunk['id'] } : {};
  if (typeof delta['refusal'] === 'string' && delta['refusal'] !== '') throw new ProviderError('blocked', account, 'the model refused', requestId);
  const finish = readFinish(choice['finish_reason'], account, requestId);
  const usage = readUsage(fieldsOf(chunk['usage']));
  return {
    ...(typeof delta['content'] === 'string' ? { text: delta['content'] } : {}),
    ...(finish === undefined ? {} : { finish }),
    ...(usage === undefined ? {} : { usage }),
  };
}

function parse(data: string, account: string): Fields {
  try {
    return fieldsOf(JSON.parse(data));
  } catch {
    throw new ProviderError('bad_response', account, 'an event that is no JSON');
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function errorInStream(chunk: Fields, account: string): ProviderError {
  const fields = openAiErrorFields(200, chunk);
  const { code } = fieldsOf(chunk['error']);
  const failure = fields?.failure ?? (typeof code === 'number' && code >= 400 ? failureOfStatus(code) : 'unavailable');
  return new ProviderError(failure, account, (fields?.message ?? 'an error inside the stream').slice(0, 500));
}

function readFinish(reason: unknown, account: string, requestId: { readonly requestId?: string }): 'stop' | 'length' | undefined {
  if (typeof reason !== 'string' || reason === '') return undefined;
  const finish = Object.hasOwn(FINISH, reason) ? FINISH[reason] : undefined;
  if (finish !== undefined) return finish;
  throw new ProviderError(reason === 'content_filter' ? 'blocked' : 'bad_response', account, `finished by ${reason}`, requestId);
}

/** Completion tokens include what a model spent on reasoning. */
function readUsage({ prompt_tokens: input, completion_tokens: output }: Fields): Usage | undefined {
  return typeof input === 'number' && typeof output === 'number' ? usageOf(input, output) : undefined;
}
