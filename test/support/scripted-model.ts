import type { GenerationPart, GenerationRequest, LanguageModel } from '#src/ports/language-model.ts';

const USAGE = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };

/** A model whose words a test hands out: each stream waits for `say` and `finish`, and records how it ended. */
export class ScriptedModel implements LanguageModel {
  readonly id: string;
  readonly account: string;
  readonly streams: ScriptedStream[] = [];
  #waiting: ((stream: ScriptedStream) => void)[] = [];

  constructor(id = 'scripted:model') {
    this.id = id;
    this.account = id;
  }

  stream(request: GenerationRequest, signal: AbortSignal): AsyncIterable<GenerationPart> {
    const stream = new ScriptedStream(request, signal);
    this.streams.push(stream);
    for (const wake of this.#waiting.splice(0)) wake(stream);
    return stream;
  }

  /** The stream number `index`, waited for. */
  async nth(index: number): Promise<ScriptedStream> {
    for (;;) {
      const stream = this.streams[index];
      if (stream !== undefined) return stream;
      await new Promise<void>((resolve) => this.#waiting.push(() => resolve()));
    }
  }
}

type Step = GenerationPart | { readonly type: 'fail'; readonly error: unknown } | { readonly type: 'cut' };

export class ScriptedStream implements AsyncIterable<GenerationPart> {
  readonly request: GenerationRequest;
  readonly signal: AbortSignal;
  #steps: Step[] = [];
  #wake: () => void = () => undefined;

  constructor(request: GenerationRequest, signal: AbortSignal) {
    this.request = request;
    this.signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  /** How much of what was said nobody has taken yet. */
  get unread(): number {
    return this.#steps.length;
  }

  say(text: string): this {
    return this.#put({ type: 'text', text });
  }

  finish(finish: 'stop' | 'length' | 'refused' = 'stop'): void {
    this.#put({ type: 'end', finish, usage: USAGE });
  }

  fail(error: unknown): void {
    this.#put({ type: 'fail', error });
  }

  /** Ends without an end, as a connection that was cut off does. */
  cut(): void {
    this.#put({ type: 'cut' });
  }

  #put(step: Step): this {
    this.#steps.push(step);
    this.#wake();
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GenerationPart> {
    while (!this.signal.aborted) {
      const step = this.#steps.shift();
      if (step === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else if (step.type === 'fail') throw step.error;
      else if (step.type === 'cut') return;
      else yield step;
    }
  }
}
