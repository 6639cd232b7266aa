import { expect } from 'vitest';
import type { WrittenAnswer } from '#agents/query/answer-record.ts';
import type { AnswerEvidence, AnswerWriterOptions, Candidate } from '#agents/query/answer-writer.ts';
import { writeAnswer } from '#agents/query/answer-writer.ts';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import type { Citation } from '#src/ports/answer.ts';
import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';
import { SimulatedClock } from '../../support/simulated-clock.ts';
import { sourcesOf } from '../../support/sources.ts';

export const RAW = 'The BEAM is the virtual machine of Erlang [1]. It runs 11 processes – or 110 😀 – on each node [2, 1].\n\n- Every process that fails is restarted [2].';
export const TEXT = RAW.replace(/ \[[\d, ]+\]/g, '');
export const SOURCES = sourcesOf('The BEAM is the virtual machine of Erlang.', 'It runs 11 processes – or 110 😀 – on each node. Every process that fails is restarted.');
export const QUESTION = 'What is the BEAM of Erlang?';
export const REQUEST: GenerationRequest = {
  question: QUESTION,
  sources: SOURCES,
  language: 'en',
  prompt: assemblePrompt({ question: QUESTION, sources: SOURCES, language: 'en' }),
};
export const USAGE = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
export const PROFILE = { prefill: false, contextTokens: 100_000, maxOutputTokens: 4096, thinking: 'none' } as const;

export type Play = (request: GenerationRequest, signal: AbortSignal) => AsyncIterable<GenerationPart>;

/** A model that does as each of its plays says, one after the other; the last one is repeated. */
export function model(id: string, ...plays: Play[]): LanguageModel & { readonly requests: GenerationRequest[]; readonly signals: AbortSignal[]; running: number } {
  const self = {
    id: `test:${id}`,
    account: `test/${id}`,
    requests: [] as GenerationRequest[],
    signals: [] as AbortSignal[],
    running: 0,
    async *stream(request: GenerationRequest, signal: AbortSignal): AsyncGenerator<GenerationPart> {
      const play = plays[Math.min(self.requests.length, plays.length - 1)];
      self.requests.push(request);
      self.signals.push(signal);
      self.running += 1;
      try {
        if (play !== undefined) yield* play(request, signal);
      } finally {
        self.running -= 1;
      }
    },
  };
  return self;
}

export function textSoFar({ prompt }: GenerationRequest): string | undefined {
  const last = prompt.at(-1);
  if (last?.role === 'assistant') return last.text;
  return /<answer-so-far>\n([\s\S]*)\n<\/answer-so-far>/.exec(last?.text ?? '')?.[1];
}

export interface Manner {
  /** What is restated before the continuation. */
  readonly restated?: (soFar: string) => string;
  /** How much of the answer there is when the stream ends. */
  readonly until?: number;
  readonly failure?: ProviderFailure;
  readonly pieceLength?: number;
}

/** Writes the answer, going on where it is asked to. */
export function says(raw: string, { restated = () => '', until = Infinity, failure, pieceLength = 3 }: Manner = {}): Play {
  return async function* (request) {
    const soFar = textSoFar(request) ?? '';
    const text = restated(soFar) + raw.slice(soFar.length, Math.max(soFar.length, until));
    for (let at = 0; at < text.length; at += pieceLength) yield { type: 'text', text: text.slice(at, at + pieceLength) };
    if (failure !== undefined) throw new ProviderError(failure, 'test', 'as the test says');
    if (until === Infinity) yield { type: 'end', finish: 'stop', usage: USAGE };
  };
}

/** These parts, or an error in place of the next one. */
export function plays(...parts: readonly (GenerationPart | Error)[]): Play {
  return async function* () {
    for (const part of parts) {
      if (part instanceof Error) throw part;
      yield part;
    }
  };
}

/** Says something, then nothing any more, until it is aborted. */
export function stalls(text = '', isDeaf = false): Play {
  return async function* (_, signal) {
    if (text !== '') yield { type: 'text', text };
    await new Promise<void>((resolve) => {
      if (!isDeaf) signal.addEventListener('abort', () => resolve(), { once: true });
    });
  };
}

export interface Run {
  readonly sent: { text: string; readonly citations: Citation[]; readonly stages: string[] };
  readonly clock: SimulatedClock;
  readonly stop: AbortController;
  readonly written: Promise<WrittenAnswer>;
}

export function run(models: readonly LanguageModel[], more: Partial<AnswerEvidence & AnswerWriterOptions & { profile: Partial<Candidate['profile']> }> = {}): Run {
  const { profile, ...others } = more;
  const clock = new SimulatedClock();
  const stop = new AbortController();
  const sent = { text: others.sentText ?? '', citations: [] as Citation[], stages: [] as string[] };
  const sink = {
    get text() {
      return sent.text;
    },
    get units() {
      return sent.text.length;
    },
    show: (stage: string) => void sent.stages.push(stage),
    addText: (piece: string) => {
      expect(piece.isWellFormed()).toBe(true);
      sent.text += piece;
    },
    addCitation: (citation: Citation) => {
      expect(citation.end).toBeLessThanOrEqual(sent.text.length);
      sent.citations.push(citation);
    },
  };
  const options: AnswerWriterOptions = {
    clock,
    random: () => 0,
    candidates: models.map((each) => ({ model: each, profile: { ...PROFILE, ...profile } })),
    extractive: createExtractiveModel({ clock, rate: 0 }),
    deadlines: { firstTokenMs: 8000, idleMs: 10_000 },
    stream: (each, request, signal) => each.stream(request, signal),
    ...others,
  };
  const written = writeAnswer(options, { request: REQUEST, deadlineMs: 30_000, signal: stop.signal, ...others }, sink);
  written.catch(() => undefined);
  return { sent, clock, stop, written };
}

export const CITATIONS = [
  { source_id: 's1', start: 0, end: 41 },
  { source_id: 's2', start: 43, end: TEXT.indexOf('.\n') },
  { source_id: 's1', start: 43, end: TEXT.indexOf('.\n') },
  { source_id: 's2', start: TEXT.indexOf('Every'), end: TEXT.length - 1 },
];
