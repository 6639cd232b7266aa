import type { CheckedBody } from '../check-body.ts';
import type { EmulatorAnswer } from '../emulator.ts';
import { invalid, jsonHeaders } from './refusals.ts';

const CHARACTERS_PER_TOKEN = 4;

/** Throws Refusal with the words of the embedding models. */
export function readInvocation<T>(checked: CheckedBody<T>): T {
  if (checked.problem === undefined) return checked.value;
  const { problem } = checked;
  if (problem.kind === 'unknown') throw malformed(`extraneous key [${problem.path}] is not permitted`);
  throw malformed(`#/${problem.path.replaceAll('.', '/')}: ${problem.message}`);
}

export function malformed(reason: string): Error {
  return invalid(`Malformed input request: ${reason}, please reformat your input and try again.`);
}

export function invocationAnswer(body: object, inputTokens: number): EmulatorAnswer {
  return {
    headers: {
      ...jsonHeaders(),
      'x-amzn-bedrock-input-token-count': String(inputTokens),
      'x-amzn-bedrock-invocation-latency': '1',
    },
    body: JSON.stringify(body),
  };
}

export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}
