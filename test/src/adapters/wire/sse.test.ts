import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSseData } from '#src/adapters/wire/sse.ts';

function streamOf(chunks: readonly Uint8Array[], onCancel?: () => void): ReadableStream<Uint8Array> {
  const rest = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = rest.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
    ...(onCancel !== undefined && { cancel: onCancel }),
  });
}

const read = (text: string) => Array.fromAsync(readSseData(streamOf([Buffer.from(text)])));

describe('readSseData', () => {
  test('gives out the data of each event and nothing else', async () => {
    expect(await read(': hello\nevent: x\nid: 1\ndata: one\n\nretry: 5\n\ndata:two\ndata: more\n\n')).toEqual(['one', 'two\nmore']);
    expect(await read('data\n\ndata: \n\ndatum: no\n\n')).toEqual(['', '']);
    expect(await read('\uFEFFdata: after a mark\n\n')).toEqual(['after a mark']);
  });

  test('does not take a beginning of an event for the event', async () => {
    expect(await read('data: one\n\ndata: tw')).toEqual(['one']);
    expect(await read('data: one\n\ndata: two\n')).toEqual(['one']);
  });

  test('reads the same whatever ends the lines and wherever the bytes are cut', async () => {
    const data = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, '·')), { maxLength: 6 });
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    await fc.assert(
      fc.asyncProperty(data, lineEnd, fc.array(fc.nat(200), { maxLength: 12 }), async (events, end, cuts) => {
        const bytes = Buffer.from(events.map((event) => `data: ${event}${end}${end}`).join(''));
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
        expect(await Array.fromAsync(readSseData(streamOf(chunks)))).toEqual(events);
      }),
    );
  });

  test('throws for bytes that are no text and for an event without end', async () => {
    const broken = Buffer.concat([Buffer.from('data: '), Buffer.from([0xff, 0xfe]), Buffer.from('\n\n')]);
    await expect(Array.fromAsync(readSseData(streamOf([broken])))).rejects.toThrow(TypeError);
    const piece = Buffer.alloc(1024 * 1024, 0x61);
    await expect(Array.fromAsync(readSseData(streamOf(Array(9).fill(piece))))).rejects.toThrow(RangeError);
    const lines = Buffer.from(`data: ${'a'.repeat(1017)}\n`.repeat(1024));
    await expect(Array.fromAsync(readSseData(streamOf(Array(9).fill(lines))))).rejects.toThrow(RangeError);
    expect(await Array.fromAsync(readSseData(streamOf(Array(9).fill(Buffer.concat([lines, Buffer.from('\n')])))))).toHaveLength(9);
  });

  test('cancels the stream when its reader leaves', async () => {
    let isCancelled = false;
    const stream = streamOf([Buffer.from('data: one\n\ndata: two\n\n'), Buffer.from('data: three\n\n')], () => void (isCancelled = true));
    for await (const data of readSseData(stream)) if (data === 'one') break;
    expect(isCancelled).toBe(true);
  });
});
