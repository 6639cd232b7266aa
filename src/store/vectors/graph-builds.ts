import { Worker } from 'node:worker_threads';
import { workerUrl } from '#src/locations.ts';

/** What a builder thread is started with. */
export interface BuildOrder {
  readonly databasePath: string;
  readonly space: number;
  readonly dimension: number;
  /** All vectors up to this number go in. */
  readonly lastNumber: number;
  /** The graph of before, to add to. */
  readonly base: { readonly path: string; readonly lastNumber: number } | null;
  /** The file to make. */
  readonly target: string;
}

export interface Built {
  readonly size: number;
  readonly bytes: number;
  readonly checksum: number;
}

export type BuildMessage = { readonly kind: 'progress'; readonly done: number } | ({ readonly kind: 'built' } & Built);

/** Builds graphs in a thread of their own, one at a time: the other core is for the service. */
export class GraphBuilds {
  #last: Promise<unknown> = Promise.resolve();
  #running: Worker | undefined;
  #isClosed = false;

  /** Rejects with what ended the builder. */
  run(order: BuildOrder, onProgress: (done: number) => void): Promise<Built> {
    const built = this.#last.then(() => this.#start(order, onProgress));
    this.#last = built.catch(() => undefined);
    return built;
  }

  close(): void {
    this.#isClosed = true;
    void this.#running?.terminate();
  }

  #start(order: BuildOrder, onProgress: (done: number) => void): Promise<Built> {
    if (this.#isClosed) return Promise.reject(new Error('closed'));
    return new Promise((resolve, reject) => {
      const worker = new Worker(workerUrl('store/vectors/graph-builder.worker'), { workerData: order, name: 'graph-builder' });
      this.#running = worker;
      worker.on('message', (message: BuildMessage) => {
        if (message.kind === 'built') resolve(message);
        else onProgress(message.done);
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        this.#running = undefined;
        reject(new Error(`the graph builder ended with ${code}`));
      });
    });
  }
}
