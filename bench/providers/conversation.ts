import { once } from 'node:events';
import { WebSocket } from 'ws';

/** A frame as it came, with when. */
export interface SeenFrame {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** How a question went; times are milliseconds from the question on. */
export interface Asked {
  readonly question: string;
  readonly frames: readonly SeenFrame[];
  readonly firstTokenMs: number | undefined;
  /** Until `answer-end` or `answer-error`; undefined when neither came in time. */
  readonly endMs: number | undefined;
  /** `answer-end` or `answer-error`. */
  readonly end: SeenFrame | undefined;
}

export interface AskOptions {
  /** How long its end is waited for. @defaultValue 60 s */
  readonly timeoutMs?: number;
  readonly options?: object;
  readonly onFrame?: (frame: SeenFrame) => void;
}

const TIMEOUT_MS = 60_000;

/** One session over one WebSocket, one question at a time. */
export class Conversation {
  readonly #socket: WebSocket;
  #asked = 0;
  #receive: (frame: SeenFrame) => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as SeenFrame));
  }

  /** @param url of the service, `http://…` */
  static async open(url: string): Promise<Conversation> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
    const conversation = new Conversation(socket);
    const ready = new Promise<void>((resolve) => (conversation.#receive = ({ type }) => void (type === 'ready' && resolve())));
    await once(socket, 'open');
    await ready;
    return conversation;
  }

  async ask(question: string, { timeoutMs = TIMEOUT_MS, options, onFrame }: AskOptions = {}): Promise<Asked> {
    this.#asked += 1;
    const frames: SeenFrame[] = [];
    const ended = Promise.withResolvers<void>();
    let firstTokenMs: number | undefined;
    let endMs: number | undefined;
    const startedMs = performance.now();
    this.#receive = (frame) => {
      frames.push(frame);
      if (frame.type === 'answer-delta') firstTokenMs ??= performance.now() - startedMs;
      if (isEnd(frame)) endMs ??= performance.now() - startedMs;
      onFrame?.(frame);
      if (isEnd(frame)) ended.resolve();
    };
    this.#send({ type: 'ask', id: `question-${this.#asked}`, question, ...(options === undefined ? {} : { options }) });
    const timer = setTimeout(() => ended.resolve(), timeoutMs);
    await ended.promise;
    clearTimeout(timer);
    return { question, frames, firstTokenMs, endMs, end: frames.find(isEnd) };
  }

  cancel(turn: string): void {
    this.#send({ type: 'cancel', turn });
  }

  close(): void {
    this.#socket.terminate();
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function isEnd({ type }: SeenFrame): boolean {
  return type === 'answer-end' || type === 'answer-error' || type === 'error';
}

/** Runs `work` with that many sessions, closed afterwards. */
export async function withConversations<T>(url: string, count: number, work: (conversations: readonly Conversation[]) => Promise<T>): Promise<T> {
  const conversations: Conversation[] = [];
  try {
    while (conversations.length < count) conversations.push(await Conversation.open(url));
    return await work(conversations);
  } finally {
    for (const conversation of conversations) conversation.close();
  }
}
