import type { Usage } from '#src/ports/answer.ts';
import type { GenerationRequest, PromptMessage } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { continuationPrompt } from '#src/rag/continuation.ts';
import { estimateTokens, fitRequest } from '#src/rag/fit-prompt.ts';
import { ANSWER_PROMPT } from '#src/rag/prompt.ts';
import type { WrittenAnswer } from './answer-record.ts';
import type { Candidate, Writing } from './answer-writer.ts';
import { attempt } from './attempt.ts';

export interface ModelTime {
  /** Until when the model's turn is waited for, on the clock. */
  readonly turnByMs: number;
  /** When its stream has to be over. */
  readonly endMs: number;
}

/**
 * Lets one model write, from where the text stops to the end of the answer. Rejects as its stream does, and with
 * ProviderError `bad_response` for one that ends without a word in mid-sentence; the draft is then ready for the next.
 */
export async function writeByModel(writing: Writing, { model, profile }: Candidate, { turnByMs, endMs }: ModelTime): Promise<WrittenAnswer['finish']> {
  const { options, evidence, draft, record } = writing;
  const { clock, deadlines, stream } = options;
  const request = requestFor(writing, profile);
  draft.begin(request.question, request.sources);
  const { units, rawUnits } = draft;
  let hasText = false;
  try {
    const limits = { clock, model, deadlines, endMs, signal: evidence.signal };
    const { finish, usage } = await attempt(limits, (signal) => stream(model, request, signal, turnByMs), (part) => {
      if (part.type !== 'text') return;
      hasText ||= /\S/.test(part.text);
      draft.write(part.text);
    });
    draft.end();
    record.spend(usage);
    // One that goes on from a whole answer need not say anything.
    if (!hasText && !endsSentence(draft.text)) throw new ProviderError('bad_response', model.account, 'the answer has no text');
    return isRefusal(draft.text) ? 'refused' : finish;
  } catch (error) {
    if (hasText) record.spend(estimatedUsage(request.prompt, draft.raw.slice(rawUnits)));
    draft.breakOff();
    throw error;
  } finally {
    if (draft.units > units) record.noteWriter(model);
  }
}

function requestFor({ evidence, draft, record }: Writing, profile: Candidate['profile']): GenerationRequest {
  const { request, leftOut } = fitRequest(evidence.request, profile, draft.raw);
  record.leftOut = leftOut;
  return draft.isEmpty ? request : { ...request, prompt: continuationPrompt(request.prompt, draft.raw, profile.prefill) };
}

function endsSentence(text: string): boolean {
  return /[.!?…。！？|`][\s"'”’»」』）)\]*_]*$/u.test(text);
}

function estimatedUsage(prompt: readonly PromptMessage[], streamed: string): Usage {
  const input = prompt.reduce((tokens, { text }) => tokens + estimateTokens(text), 0);
  const output = estimateTokens(streamed);
  return { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

/** Whether the whole answer is the sentence that the prompt asks for where the sources do not answer. */
function isRefusal(text: string): boolean {
  return normalised(text) === normalised(ANSWER_PROMPT.refusal);
}

function normalised(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ').trim();
}
