import type { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { ProviderError } from '#src/ports/provider-error.ts';
import { checkApiKey, withoutKey } from '../api-key.ts';
import { bedrockFailure, createBedrockClient } from '../bedrock-client.ts';
import type { BedrockClientOptions } from '../bedrock-client.ts';
import { networkFailure } from '../wire/failure.ts';
import { untilAborted } from '../wire/abort.ts';
import { countIn, fieldsOf } from './answer-fields.ts';

export interface BedrockEmbeddingsOptions extends BedrockClientOptions {
  /** An id, or the ARN of an inference profile. */
  readonly model: string;
  readonly dimension: number;
}

export interface Invocation {
  readonly account: string;
  /** Sends one request of the model's own form. Rejects with ProviderError. */
  readonly invoke: (request: object, signal: AbortSignal) => Promise<InvocationAnswer>;
}

export interface InvocationAnswer {
  readonly body: unknown;
  /** Undefined where the service does not count. */
  readonly inputTokens: number | undefined;
}

const INPUT_TOKENS_HEADER = 'x-amzn-bedrock-input-token-count';

/** InvokeModel of one model; the SDK is loaded by the first call. */
export function createInvocation(options: BedrockEmbeddingsOptions): Invocation {
  const { model, region, bearerToken } = options;
  const account = `bedrock/${region}/${model}`;
  let client: Promise<BedrockRuntimeClient> | undefined;
  return { account, invoke };

  async function invoke(request: object, signal: AbortSignal): Promise<InvocationAnswer> {
    if (signal.aborted) throw networkFailure(account, signal.reason, signal);
    if (bearerToken !== undefined) checkApiKey(bearerToken, account);
    try {
      // The chain of credentials takes no signal.
      const { bytes, inputTokens } = await untilAborted(send(JSON.stringify(request), signal), signal);
      return { body: parse(bytes, account), inputTokens };
    } catch (error) {
      throw withoutKey(bedrockFailure(account, error, signal), bearerToken);
    }
  }

  async function send(body: string, signal: AbortSignal): Promise<{ bytes: Uint8Array | undefined; inputTokens: number | undefined }> {
    const { InvokeModelCommand } = await import('@aws-sdk/client-bedrock-runtime');
    const command = new InvokeModelCommand({ modelId: model, contentType: 'application/json', accept: 'application/json', body });
    const headers = keepHeaders(command);
    const { body: bytes } = await (await (client ??= createBedrockClient(options))).send(command, { abortSignal: signal });
    return { bytes, inputTokens: countIn(Number(headers()[INPUT_TOKENS_HEADER])) };
  }
}

/** The SDK keeps the answer's headers to itself. */
function keepHeaders(command: InvokeModelCommand): () => Readonly<Record<string, unknown>> {
  let headers: Readonly<Record<string, unknown>> = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      headers = fieldsOf(fieldsOf(result.response)['headers']);
      return result;
    },
    { step: 'deserialize', name: 'keepHeaders', priority: 'high' },
  );
  return () => headers;
}

function parse(bytes: Uint8Array | undefined, account: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new ProviderError('bad_response', account, 'the answer is no JSON');
  }
}
