/** What the next request gets instead of, or around, the honest answer. */
export interface Script {
  /** Only a request whose decoded path holds this uses it. */
  readonly path?: string;
  /** How many requests use it. @defaultValue 1 */
  readonly times?: number;
  /** Before the headers. */
  readonly delayMs?: number;
  /** With `status`, `headers` and `body` a raw answer stands instead of the honest one. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A named error in the shape of this provider, such as throttled, auth, not_found, internal, unavailable, blocked. */
  readonly error?: string;
  /** Destroys the socket after that many bytes of the body; below 0 before the headers. */
  readonly cutAtByte?: number;
  /** Ends the answer cleanly after that many bytes of the body. */
  readonly endAtByte?: number;
  /** 200 with bytes that are no JSON. */
  readonly garbage?: boolean;
  /** Never answers, sends headers and nothing else, or stops in mid-body; the socket stays open. */
  readonly hang?: 'connect' | 'headers' | 'body';
  /** Sends the body in pieces of that size, `gapMs` apart. */
  readonly chunkBytes?: number;
  readonly gapMs?: number;
}

const FIELD_TYPES: { readonly [Name in keyof Script]-?: string } = {
  path: 'string', times: 'number', delayMs: 'number', status: 'number', headers: 'object', body: 'string', error: 'string',
  cutAtByte: 'number', endAtByte: 'number', garbage: 'boolean', hang: 'string', chunkBytes: 'number', gapMs: 'number',
};

/** Throws TypeError for what is no script, so that a typing mistake never scripts nothing. */
export function readScript(value: unknown): Script {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('expected a script to be an object');
  for (const [name, field] of Object.entries(value)) {
    const expected: string | undefined = Object.hasOwn(FIELD_TYPES, name) ? FIELD_TYPES[name as keyof Script] : undefined;
    if (expected === undefined) throw new TypeError(`expected a script of ${Object.keys(FIELD_TYPES).join(', ')}, got: ${name}`);
    if (field !== undefined && typeof field !== expected) throw new TypeError(`expected ${name} to be a ${expected}, got: ${typeof field}`);
  }
  const script: Script = value;
  if (script.hang !== undefined && !['connect', 'headers', 'body'].includes(script.hang)) {
    throw new TypeError(`expected hang to be connect, headers or body, got: ${script.hang}`);
  }
  return script;
}

/** Scripts in the order in which they came; the oldest that fits a request is used. */
export class ScriptQueue {
  readonly #waiting: { readonly script: Script; left: number }[] = [];

  add(script: Script): void {
    this.#waiting.push({ script, left: script.times ?? 1 });
  }

  take(path: string): Script | undefined {
    const index = this.#waiting.findIndex(({ script }) => path.includes(script.path ?? ''));
    const entry = this.#waiting[index];
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#waiting.splice(index, 1);
    return entry.script;
  }
}
