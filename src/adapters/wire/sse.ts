/** An event longer than this is no token of an answer: 8 Mi UTF-16 units. */
const MAX_EVENT_LENGTH = 8 * 1024 * 1024;
const LINE_END = /\r\n|\n|\r/g;

/**
 * The `data` of each whole event of a server-sent event stream (WHATWG HTML, 9.2.6), its lines joined by `\n`. An event
 * that the stream ends in the middle of is not given out. Throws what the stream throws, TypeError for bytes that are
 * no UTF-8 and RangeError for an event without end. Leaving the loop cancels the stream.
 */
export async function* readSseData(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const events = new EventReader();
  for await (const bytes of body) yield* events.push(decoder.decode(bytes, { stream: true }));
  yield* events.end();
}

class EventReader {
  #rest = '';
  #data: string[] = [];
  /** Of the lines that `#data` was read from. */
  #dataUnits = 0;

  push(text: string): string[] {
    const buffer = this.#rest + text;
    if (this.#dataUnits + buffer.length > MAX_EVENT_LENGTH) throw new RangeError('a server-sent event without end');
    // A last \r may be the first half of \r\n.
    const complete = buffer.endsWith('\r') ? buffer.slice(0, -1) : buffer;
    return this.#readLines(complete, buffer);
  }

  end(): string[] {
    return this.#readLines(this.#rest, this.#rest);
  }

  #readLines(complete: string, buffer: string): string[] {
    const events: string[] = [];
    let start = 0;
    for (const end of complete.matchAll(LINE_END)) {
      this.#readLine(complete.slice(start, end.index), events);
      start = end.index + end[0].length;
    }
    this.#rest = buffer.slice(start);
    return events;
  }

  #readLine(line: string, events: string[]): void {
    if (line === '' && this.#data.length > 0) {
      events.push(this.#data.join('\n'));
      this.#data = [];
      this.#dataUnits = 0;
    }
    const value = /^data(?:: ?|$)/.exec(line);
    if (value === null) return;
    this.#data.push(line.slice(value[0].length));
    this.#dataUnits += line.length;
  }
}
