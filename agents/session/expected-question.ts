import { expectQuestion } from '#agents/rag/rag.agent.ts';
import type { SessionDependencies } from './session.dependencies.ts';
import type { Ask } from './sessions.ts';

/** One for all: to make an error with its stack for every question costs a tenth of the question. */
const NOT_EXPECTED = new DOMException('the question is not expected any more', 'AbortError');

/** What is begun for a session's next question while its acceptance is written: who opens the turn joins it. */
export class ExpectedQuestion {
  readonly #dependencies: SessionDependencies;
  readonly #session: string;
  #expected: AbortController | undefined;

  constructor(dependencies: SessionDependencies, session: string) {
    this.#dependencies = dependencies;
    this.#session = session;
  }

  /**
   * Begins behind the immediate that posts the write to its worker: a provider's SDK takes a millisecond of this thread,
   * in which the disk can work.
   */
  begin({ question: text, options }: Ask): void {
    const { kernel, store } = this.#dependencies;
    this.end();
    const expected = new AbortController();
    this.#expected = expected;
    const begin = (): void => expectQuestion(kernel, { store, text, options, owner: this.#session }, expected.signal);
    queueMicrotask(() => setImmediate(begin));
  }

  /** What nobody has joined is given up; from the joining on it is the query's. */
  end(): void {
    this.#expected?.abort(NOT_EXPECTED);
  }
}
