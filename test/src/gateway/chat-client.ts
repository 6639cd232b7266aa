import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

/** A frame as it came, with the fields that tests look at. */
export interface ReceivedFrame {
  readonly type: string;
  readonly seq?: number;
  readonly from?: number;
  readonly turn?: string;
  readonly text?: string;
  readonly error?: { readonly code: string; readonly details?: readonly { field: string; expected: string; got: string }[] };
  readonly [field: string]: unknown;
}

const WAIT_MS = 8000;

/** A WebSocket client that keeps every frame; it closes with the test. */
export class ChatClient {
  readonly frames: ReceivedFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as ReceivedFrame);
      this.#wake();
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
  }

  /** Opens `/ws` with the query; `first` is sent at once, before anything was received. */
  static async open(url: string, query = '', { first }: { readonly first?: object } = {}): Promise<ChatClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws${query}`);
    const client = new ChatClient(socket);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    if (first !== undefined) client.send(first);
    return client;
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  ask(id: string, question: string): void {
    this.send({ type: 'ask', id, question });
  }

  /** The first frame that fits, waited for. Rejects when the socket closes or time passes without it. */
  async frame(fits: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      if (this.socket.readyState === WebSocket.CLOSED || performance.now() > deadline) {
        throw new Error(`the frame did not come; these did: ${JSON.stringify(this.frames).slice(0, 2000)}`);
      }
      await this.#change();
    }
  }

  ofType(type: string): Promise<ReceivedFrame> {
    return this.frame((frame) => frame.type === type);
  }

  /** The end of the turn that the ask with this id became. */
  async end(id: string): Promise<ReceivedFrame> {
    const { turn } = await this.frame((frame) => frame.type === 'accepted' && frame['id'] === id);
    return this.frame((frame) => (frame.type === 'answer-end' || frame.type === 'answer-error') && frame.turn === turn);
  }

  async session(): Promise<string> {
    return (await this.ofType('ready'))['session'] as string;
  }

  /** The numbers of the logged frames in the order in which they came, those of deltas that came as one included. */
  get seqs(): number[] {
    return this.frames.flatMap(({ seq, from = seq }) => {
      return seq === undefined || from === undefined ? [] : Array.from({ length: seq - from + 1 }, (_, at) => from + at);
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 50);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}
