import { onTestFinished } from 'vitest';

export interface ServerEvent {
  readonly event: string;
  readonly id: number | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads server-sent events as they come; the connection ends with the test. */
export class EventReader {
  readonly response: Response;
  readonly events: ServerEvent[] = [];
  readonly #abort: AbortController;
  readonly #parts: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = '';
  comments = 0;

  private constructor(response: Response, abort: AbortController) {
    if (response.body === null) throw new TypeError('the reply has no body');
    this.response = response;
    this.#abort = abort;
    this.#parts = response.body[Symbol.asyncIterator]();
  }

  static async open(url: string, init: RequestInit = {}): Promise<EventReader> {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    return new EventReader(await fetch(url, { ...init, signal: abort.signal }), abort);
  }

  /** Reads until an event of this type has come. Rejects when the stream ends without it. */
  async until(type: string): Promise<ServerEvent> {
    for (;;) {
      const found = this.events.find(({ event }) => event === type);
      if (found !== undefined) return found;
      if (!(await this.#read())) throw new Error(`the stream ended without ${type}: ${JSON.stringify(this.events).slice(0, 1000)}`);
    }
  }

  /** Reads what comes next. Rejects when the stream has ended. */
  async next(): Promise<void> {
    if (!(await this.#read())) throw new Error(`the stream ended: ${JSON.stringify(this.events).slice(0, 1000)}`);
  }

  /** Reads until the server ends the stream. */
  async toEnd(): Promise<readonly ServerEvent[]> {
    while (await this.#read());
    return this.events;
  }

  hangUp(): void {
    this.#abort.abort();
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#parts.next();
    if (done === true) return false;
    const blocks = (this.#rest + this.#decoder.decode(value, { stream: true })).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#note(block);
    return true;
  }

  #note(block: string): void {
    if (block.startsWith(':')) return void (this.comments += 1);
    const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
    const id = fields.get('id');
    const data = JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>;
    this.events.push({ event: fields.get('event') ?? 'message', id: id === undefined ? undefined : Number(id), data });
  }
}

export function postJson(body: object, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
