import type { Citation, Degraded, Finish, Usage } from '#src/ports/answer.ts';
import type { Clock } from '#src/ports/clock.ts';
import type { Stage } from '#src/ports/frame.ts';
import type { GenerationPart, GenerationRequest, LanguageModel, PromptMessage } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { CONTINUATION, continuationPrompt } from '#src/rag/continuation.ts';
import { estimateTokens, fitRequest } from '#src/rag/fit-prompt.ts';
import type { ModelLimits } from '#src/rag/fit-prompt.ts';
import { ANSWER_PROMPT } from '#src/rag/prompt.ts';
import { AnswerDraft } from './answer-draft.ts';
import type { TextSink } from './answer-draft.ts';
import { attempt } from './attempt.ts';
import type { AttemptDeadlines } from './attempt.ts';

export interface Candidate {
  readonly model: LanguageModel;
  readonly profile: ModelLimits & { readonly prefill: boolean };
}

export interface AnswerWriterOptions {
  readonly clock: Clock;
  /** In order of preference. The extractive model may be one of them. */
  readonly candidates: readonly Candidate[];
  /** Answers when no candidate does. Beyond the first place in `candidates` it stands for missing models: `degraded`. */
  readonly extractive: LanguageModel;
  readonly deadlines: AttemptDeadlines;
  /** Opens one guarded stream, which waits for its turn until `turnByMs` at the latest. The extractive model is not guarded. */
  readonly stream: (model: LanguageModel, request: GenerationRequest, signal: AbortSignal, turnByMs: number) => AsyncIterable<GenerationPart>;
  /** How often the list is gone through, in later rounds without those whose failure will not pass. @defaultValue 1 */
  readonly rounds?: number;
  /** From 0 to below 1, for the jitter between rounds. @defaultValue Math.random */
  readonly random?: () => number;
}

export interface AnswerEvidence {
  readonly request: GenerationRequest;
  /** When, on the clock, the answer has to be over. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What readers already have of this answer, from a process that died: it is gone on from, not given to the sink again. */
  readonly sentText?: string;
}

export interface AnswerSink extends TextSink {
  show(stage: Stage): void;
}

export interface WrittenAnswer {
  readonly finish: Exclude<Finish, 'cancelled'>;
  /** Of all attempts; of those that broke off it is estimated. */
  readonly usage: Usage;
  /** The id of the model that ended the answer. */
  readonly model: string;
  readonly degraded: readonly Degraded[];
  /** Another model than the first wrote some of it, or nobody knows who did: not for the cache. */
  readonly isFallback: boolean;
  readonly attempts: readonly { readonly model: string; readonly failure?: ProviderFailure }[];
  /** The ids of sources that had no room in the prompt of the model that ended the answer. */
  readonly leftOut: readonly string[];
}

/** Between the rounds, with full jitter and doubling: as the one retry policy has it (agents/governor/retry.ts). */
const BACKOFF_BASE_MS = 200;
/** The end of the time that no model gets: the extractive answer takes milliseconds. Design, section 5. */
const EXTRACTIVE_RESERVE_MS = 1000;
/** How long a model that has others behind it is waited for where calls have to wait their turn. */
const PATIENCE_MS = 1000;

/**
 * Lets the first model that can write the answer. One that fails is followed by the next, which goes on where the text
 * stops; what a provider blocked is tried nowhere else. When all are gone the documents are quoted. Rejects with
 * ProviderError `aborted` once the signal is aborted, and with whatever is thrown that is no ProviderError.
 */
export function writeAnswer(options: AnswerWriterOptions, evidence: AnswerEvidence, sink: AnswerSink): Promise<WrittenAnswer> {
  return new AnswerWriter(options, evidence, sink).write();
}

class AnswerWriter {
  readonly #options: AnswerWriterOptions;
  readonly #evidence: AnswerEvidence;
  readonly #sink: AnswerSink;
  readonly #draft: AnswerDraft;
  readonly #attempts: { model: string; failure?: ProviderFailure }[] = [];
  /** When a candidate may be tried again; Infinity for never. */
  readonly #notBeforeMs = new Map<Candidate, number>();
  #usage: Usage = { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
  #isFallback: boolean;
  /** Whether readers know that another model goes on, and nothing has come since. */
  #isRecovering = false;
  #leftOut: readonly string[] = [];

  constructor(options: AnswerWriterOptions, evidence: AnswerEvidence, sink: AnswerSink) {
    this.#options = options;
    this.#evidence = evidence;
    this.#sink = sink;
    this.#draft = new AnswerDraft(sink, evidence.sentText ?? '');
    this.#isFallback = !this.#draft.isEmpty;
  }

  async write(): Promise<WrittenAnswer> {
    const { candidates, extractive, clock, rounds = 1 } = this.#options;
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0 && !(await this.#pause(round))) break;
      for (const candidate of candidates) {
        if (candidate.model === extractive) return this.#quote(candidate !== candidates[0]);
        if (clock.now() >= this.#endMs) return this.#quote(true);
        if ((this.#notBeforeMs.get(candidate) ?? 0) > clock.now()) continue;
        const written = await this.#try(candidate);
        if (written !== undefined) return written;
      }
    }
    return this.#quote(true);
  }

  /**
   * Waits until the first candidate may be asked again: as long as it asked for, or a moment that grows with each round.
   * False where none may in the time that a first token gets.
   */
  async #pause(round: number): Promise<boolean> {
    const { candidates, clock, deadlines, random = Math.random } = this.#options;
    const now = clock.now();
    const backoffMs = random() * BACKOFF_BASE_MS * 2 ** (round - 1);
    const wakeMs = Math.max(now + backoffMs, Math.min(...candidates.map((candidate) => this.#notBeforeMs.get(candidate) ?? 0)));
    if (wakeMs > now + deadlines.firstTokenMs || wakeMs >= this.#endMs) return false;
    if (wakeMs > now) await this.#sleep(wakeMs - now);
    return true;
  }

  /** Ends at once when the answer is no longer wanted; the next attempt then says so. */
  #sleep(delayMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#evidence;
    return new Promise((resolve) => {
      const wake = (): void => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = clock.setTimeout(wake, delayMs);
      if (signal.aborted) wake();
      else signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** When the last model must have ended. */
  get #endMs(): number {
    return this.#evidence.deadlineMs - EXTRACTIVE_RESERVE_MS;
  }

  /** The end of the answer; undefined when another model has to go on. */
  async #try(candidate: Candidate): Promise<WrittenAnswer | undefined> {
    const { clock, deadlines, stream } = this.#options;
    const { model } = candidate;
    const request = this.#requestFor(candidate);
    if (!this.#draft.isEmpty && this.#attempts.length > 0) this.#showRecovering();
    this.#draft.begin(request.question, request.sources);
    const { rawUnits } = this.#draft;
    let hasText = false;
    try {
      const limits = { clock, model, deadlines, endMs: this.#endMs, signal: this.#evidence.signal };
      const turnByMs = this.#turnByMs(candidate);
      for await (const part of attempt(limits, (signal) => stream(model, request, signal, turnByMs))) {
        if (part.type === 'text') {
          hasText ||= /\S/.test(part.text);
          this.#write(candidate, part.text);
        } else if (part.type === 'end') return this.#end(candidate, part, hasText);
      }
      return undefined;
    } catch (error) {
      if (hasText) this.#spend(estimatedUsage(request.prompt, this.#draft.raw.slice(rawUnits)));
      return this.#fail(candidate, error);
    }
  }

  /** Until when a candidate may be waited for, where others would answer at once. */
  #turnByMs(candidate: Candidate): number {
    const { candidates, clock, extractive } = this.#options;
    const now = clock.now();
    const others = candidates.slice(candidates.indexOf(candidate) + 1);
    const isLast = others.every((other) => other.model === extractive || (this.#notBeforeMs.get(other) ?? 0) > now);
    return isLast ? this.#endMs : Math.min(now + PATIENCE_MS, this.#endMs);
  }

  #requestFor({ profile }: Candidate): GenerationRequest {
    const { request, leftOut } = fitRequest(this.#evidence.request, profile, this.#draft.raw);
    this.#leftOut = leftOut;
    return this.#draft.isEmpty ? request : { ...request, prompt: continuationPrompt(request.prompt, this.#draft.raw, profile.prefill) };
  }

  #showRecovering(): void {
    if (!this.#isRecovering) this.#sink.show('recovering');
    this.#isRecovering = true;
  }

  #write({ model }: Candidate, text: string): void {
    const { units } = this.#draft;
    this.#draft.write(text);
    if (this.#draft.units > units) this.#noteWriter(model);
  }

  /** Text has come of this model. */
  #noteWriter(model: LanguageModel): void {
    this.#isRecovering = false;
    if (model !== this.#options.candidates[0]?.model) this.#isFallback = true;
  }

  /** @param hasText whether the stream had any; one that goes on from a whole answer need not */
  #end({ model }: Candidate, { finish, usage }: Extract<GenerationPart, { type: 'end' }>, hasText: boolean): WrittenAnswer {
    const { units } = this.#draft;
    this.#draft.end();
    if (this.#draft.units > units) this.#noteWriter(model);
    this.#spend(usage);
    if (!hasText && !endsSentence(this.#draft.text)) throw new ProviderError('bad_response', model.account, 'the answer has no text');
    this.#attempts.push({ model: model.id });
    return this.#written(model, isRefusal(this.#draft.text) ? 'refused' : finish);
  }

  /** Throws what no other model can help with. */
  #fail(candidate: Candidate, error: unknown): WrittenAnswer | undefined {
    const { clock } = this.#options;
    const { model } = candidate;
    this.#draft.breakOff();
    if (!(error instanceof ProviderError)) throw error;
    if (this.#evidence.signal.aborted) throw new ProviderError('aborted', model.account, 'the answer is no longer wanted', { cause: error });
    this.#attempts.push({ model: model.id, failure: error.failure });
    if (error.failure === 'blocked') {
      if (this.#draft.isEmpty) this.#draft.quote(ANSWER_PROMPT.refusal);
      return this.#written(model, 'refused');
    }
    this.#notBeforeMs.set(candidate, error.isRetryable ? clock.now() + (error.retryAfterMs ?? 0) : Infinity);
    return undefined;
  }

  /** Answers with quotes. @param isSubstitute for models that did not answer */
  async #quote(isSubstitute: boolean): Promise<WrittenAnswer> {
    const { extractive } = this.#options;
    if (isSubstitute) this.#isFallback = true;
    const finish = this.#draft.isEmpty ? await this.#streamQuotes() : await this.#appendQuotes();
    this.#attempts.push({ model: extractive.id });
    this.#leftOut = [];
    return { ...this.#written(extractive, finish), degraded: isSubstitute ? ['model'] : [] };
  }

  async #streamQuotes(): Promise<WrittenAnswer['finish']> {
    const offset = this.#draft.units;
    for await (const part of this.#quoteParts()) {
      if (part.type === 'text') this.#draft.quote(part.text);
      else if (part.type === 'citation') this.#draft.cite({ ...part, start: part.start + offset, end: part.end + offset });
      else return part.finish;
    }
    return 'length';
  }

  /** After what was written; without a word between where that is the beginning of the quotes. */
  async #appendQuotes(): Promise<WrittenAnswer['finish']> {
    const { sentText = '' } = this.#evidence;
    let text = '';
    let finish: WrittenAnswer['finish'] = 'length';
    const citations: Citation[] = [];
    for await (const part of this.#quoteParts()) {
      if (part.type === 'text') text += part.text;
      else if (part.type === 'citation') citations.push({ source_id: part.source_id, start: part.start, end: part.end });
      else finish = part.finish;
    }
    if (text.startsWith(this.#draft.text) && this.#draft.text === sentText) {
      this.#draft.quote(text.slice(sentText.length));
      for (const citation of citations) this.#draft.cite(citation);
      return finish;
    }
    const hasQuotes = finish !== 'refused' && text !== '';
    this.#draft.beginParagraph();
    this.#draft.quote(hasQuotes ? `${CONTINUATION.notice}\n\n` : CONTINUATION.noticeWithoutQuotes);
    if (hasQuotes) this.#draft.quote(text, citations);
    return hasQuotes ? finish : 'length';
  }

  /** Ends without an `end` when the time is over. */
  async *#quoteParts(): AsyncGenerator<GenerationPart> {
    const { clock, extractive } = this.#options;
    const { request, deadlineMs, signal } = this.#evidence;
    const limits = { clock, model: extractive, deadlines: { firstTokenMs: Infinity, idleMs: Infinity }, endMs: deadlineMs, signal };
    try {
      for await (const part of attempt(limits, (inner) => extractive.stream(request, inner))) {
        if (part.type === 'end') this.#spend(part.usage);
        yield part;
      }
    } catch (error) {
      if (!(error instanceof ProviderError && error.failure === 'timeout')) throw error;
    }
  }

  #spend({ input_tokens, output_tokens, total_tokens }: Usage): void {
    this.#usage = {
      input_tokens: this.#usage.input_tokens + input_tokens,
      output_tokens: this.#usage.output_tokens + output_tokens,
      total_tokens: this.#usage.total_tokens + total_tokens,
    };
  }

  #written(model: LanguageModel, finish: WrittenAnswer['finish']): WrittenAnswer {
    return { finish, usage: this.#usage, model: model.id, degraded: [], isFallback: this.#isFallback, attempts: this.#attempts, leftOut: this.#leftOut };
  }
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
