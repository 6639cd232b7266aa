import type { CheckedBody } from '../check-body.ts';
import { badFormat, refuse } from './refusals.ts';

/** 32 MB. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Throws Refusal. */
export function readBody<T>(body: Buffer, read: (body: Buffer) => CheckedBody<T>): T {
  if (body.length > MAX_BODY_BYTES) throw refuse(413, `Payload error: JSON payload (${body.length} bytes) is larger than allowed (limit: ${MAX_BODY_BYTES} bytes).`);
  const checked = read(body);
  if (checked.problem === undefined) return checked.value;
  const { problem } = checked;
  if (problem.kind === 'json') throw badFormat('expected value at line 1 column 1');
  throw badFormat(problem.kind === 'wrong' ? `${problem.path} ${problem.message}` : `${problem.kind} field \`${problem.path}\``);
}
