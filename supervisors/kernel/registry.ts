import type { Process } from './process.ts';

/** Unique names of processes. A name is taken from the beginning of a start and found once the process runs. */
export class Registry {
  readonly #processes = new Map<string, Process>();
  readonly #waiting = new Map<string, Set<() => void>>();

  /** The holder of the name when it is taken, undefined when it is now the process's own. */
  reserve(name: string, process: Process): Process | undefined {
    const holder = this.#processes.get(name);
    if (holder !== undefined) return holder;
    this.#processes.set(name, process);
    return undefined;
  }

  /** The running process of that name. */
  find(name: string): Process | undefined {
    const process = this.#processes.get(name);
    return process?.status === 'running' ? process : undefined;
  }

  release(process: Process): void {
    if (process.name !== undefined && this.#processes.get(process.name) === process) this.#processes.delete(process.name);
  }

  announce(process: Process): void {
    if (process.name === undefined) return;
    const waiting = this.#waiting.get(process.name);
    if (waiting === undefined) return;
    this.#waiting.delete(process.name);
    for (const wake of waiting) wake();
  }

  /** Calls once when the name is found; returns how to stop waiting. */
  onUp(name: string, wake: () => void): () => void {
    const waiting = this.#waiting.get(name) ?? new Set();
    this.#waiting.set(name, waiting);
    waiting.add(wake);
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
    };
  }

  names(): string[] {
    return [...this.#processes].filter(([, process]) => process.status === 'running').map(([name]) => name);
  }
}
