import type { Clock } from '#src/ports/clock.ts';
import type { Stage } from '#src/ports/frame.ts';
import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ModelLimits } from '#src/rag/fit-prompt.ts';
import { ANSWER_PROMPT } from '#src/rag/prompt.ts';
import { AnswerDraft } from './answer-draft.ts';
import type { TextSink } from './answer-draft.ts';
import { AnswerRecord } from './answer-record.ts';
import type { WrittenAnswer } from './answer-record.ts';
import type { AttemptDeadlines } from './attempt.ts';
import { writeByModel } from './model-answer.ts';
import { writeQuotes } from './quoted-answer.ts';

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

/** Between the rounds, with full jitter and doubling: as the one retry policy has it (agents/governor/retry.ts). */
const BACKOFF_BASE_MS = 200;
/** The end of the time that no model gets: the extractive answer takes milliseconds. */
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

/** An answer that is being written. */
export interface Writing {
  readonly options: AnswerWriterOptions;
  readonly evidence: AnswerEvidence;
  readonly draft: AnswerDraft;
  readonly record: AnswerRecord;
}

class AnswerWriter implements Writing {
  readonly options: AnswerWriterOptions;
  readonly evidence: AnswerEvidence;
  readonly draft: AnswerDraft;
  readonly record: AnswerRecord;
  readonly #sink: AnswerSink;
  /** When a candidate may be tried again; Infinity for never. */
  readonly #notBeforeMs = new Map<Candidate, number>();
  /** How long the answer was when readers were last told that another model goes on. */
  #recoveringUnits: number | undefined;

  constructor(options: AnswerWriterOptions, evidence: AnswerEvidence, sink: AnswerSink) {
    this.options = options;
    this.evidence = evidence;
    this.#sink = sink;
    this.draft = new AnswerDraft(sink, evidence.sentText ?? '');
    this.record = new AnswerRecord(options.candidates[0]?.model.id, !this.draft.isEmpty);
  }

  async write(): Promise<WrittenAnswer> {
    const { candidates, extractive, clock, rounds = 1 } = this.options;
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0 && !(await this.#pause(round))) break;
      for (const candidate of candidates) {
        if (candidate.model === extractive || clock.now() >= this.#endMs) return this.#quote();
        if ((this.#notBeforeMs.get(candidate) ?? 0) > clock.now()) continue;
        const written = await this.#try(candidate);
        if (written !== undefined) return written;
      }
    }
    return this.#quote();
  }

  /**
   * Waits until the first candidate may be asked again: as long as it asked for, or a moment that grows with each round.
   * False where none may in the time that a first token gets.
   */
  async #pause(round: number): Promise<boolean> {
    const { candidates, clock, deadlines, random = Math.random } = this.options;
    const now = clock.now();
    const backoffMs = random() * BACKOFF_BASE_MS * 2 ** (round - 1);
    const wakeMs = Math.max(now + backoffMs, Math.min(...candidates.map((candidate) => this.#notBeforeMs.get(candidate) ?? 0)));
    if (wakeMs > now + deadlines.firstTokenMs || wakeMs >= this.#endMs) return false;
    if (wakeMs > now) await this.#sleep(wakeMs - now);
    return true;
  }

  /** Ends at once when the answer is no longer wanted; the next attempt then says so. */
  #sleep(delayMs: number): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.evidence;
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
    return this.evidence.deadlineMs - EXTRACTIVE_RESERVE_MS;
  }

  /** The end of the answer; undefined when another model has to go on. */
  async #try(candidate: Candidate): Promise<WrittenAnswer | undefined> {
    this.#showRecovering();
    try {
      const finish = await writeByModel(this, candidate, { turnByMs: this.#turnByMs(candidate), endMs: this.#endMs });
      return this.record.ended(candidate.model, finish);
    } catch (error) {
      return this.#fail(candidate, error);
    }
  }

  /** Until when a candidate may be waited for, where others would answer at once. */
  #turnByMs(candidate: Candidate): number {
    const { candidates, clock, extractive } = this.options;
    const now = clock.now();
    const others = candidates.slice(candidates.indexOf(candidate) + 1);
    const isLast = others.every((other) => other.model === extractive || (this.#notBeforeMs.get(other) ?? 0) > now);
    return isLast ? this.#endMs : Math.min(now + PATIENCE_MS, this.#endMs);
  }

  /** Once until the answer has grown again. */
  #showRecovering(): void {
    const { isEmpty, units } = this.draft;
    if (isEmpty || !this.record.hasAttempts || units === this.#recoveringUnits) return;
    this.#recoveringUnits = units;
    this.#sink.show('recovering');
  }

  /** Throws what no other model can help with. */
  #fail(candidate: Candidate, error: unknown): WrittenAnswer | undefined {
    const { model } = candidate;
    if (!(error instanceof ProviderError)) throw error;
    if (this.evidence.signal.aborted) throw new ProviderError('aborted', model.account, 'the answer is no longer wanted', { cause: error });
    this.record.noteFailure(model, error.failure);
    if (error.failure === 'blocked') {
      if (this.draft.isEmpty) this.draft.quote(ANSWER_PROMPT.refusal);
      return this.record.refused(model);
    }
    this.#notBeforeMs.set(candidate, error.isRetryable ? this.options.clock.now() + (error.retryAfterMs ?? 0) : Infinity);
    return undefined;
  }

  async #quote(): Promise<WrittenAnswer> {
    return this.record.quoted(this.options.extractive, await writeQuotes(this));
  }
}
