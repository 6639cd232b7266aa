/** Runs the work of one supervisor one piece after the other, as a process works through its mailbox. */
export class CommandQueue {
  #tail: Promise<unknown> = Promise.resolve();

  /** Settles as `run` does, once all that was put in before has settled. */
  put<T>(run: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(run);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
