/** Who wants to hear of something. A listener that throws disturbs neither the others nor who tells them. */
export class Listeners<Value> {
  readonly #listeners = new Set<(value: Value) => void>();

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** The same function added twice is called once. */
  add(listener: (value: Value) => void): void {
    this.#listeners.add(listener);
  }

  remove(listener: (value: Value) => void): void {
    this.#listeners.delete(listener);
  }

  tell(value: Value): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error; // an uncaught error of its owner, as it would be in any other listener
        });
      }
    }
  }
}
