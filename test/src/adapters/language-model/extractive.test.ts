import { describe, expect, test } from 'vitest';
import { createExtractiveModel } from '#src/adapters/language-model/extractive.ts';
import { systemClock } from '#src/ports/clock.ts';
import type { GenerationPart, GenerationRequest } from '#src/ports/language-model.ts';
import { countTokens } from '#src/rag/tokens.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { askOf } from '../../../support/sources.ts';
import { findFalseCitations } from '../../rag/false-citations.ts';

const texts = ['A supervisor restarts a failed child. It counts the restarts of the child.', 'Bread is baked. A failed child is restarted by its supervisor at once.'];
const request = requestOf('How does a supervisor restart a failed child?');
const unpaced = createExtractiveModel({ clock: systemClock, rate: 0 });
const never = new AbortController().signal;

function requestOf(question: string): GenerationRequest {
  const { terms, statistics, ...ask } = askOf(question, ...texts);
  return { ...ask, prompt: [], evidence: { terms, statistics } };
}

function textOf(parts: readonly GenerationPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** Reads a stream into an array that can be looked at while it runs. */
function collect(stream: AsyncIterable<GenerationPart>): { parts: GenerationPart[]; done: Promise<void> } {
  const parts: GenerationPart[] = [];
  const read = async (): Promise<void> => {
    for await (const part of stream) parts.push(part);
  };
  return { parts, done: read() };
}

async function all(stream: AsyncIterable<GenerationPart>): Promise<GenerationPart[]> {
  const { parts, done } = collect(stream);
  await done;
  return parts;
}

describe('the extractive model', () => {
  test('names itself as answers do', () => {
    expect(unpaced.id).toBe('extractive:quotes');
  });

  test('streams quotes, a citation for each, and one end', async () => {
    const parts = await all(unpaced.stream(request, never));
    const citations = parts.filter((part) => part.type === 'citation');
    expect(textOf(parts)).toContain('A supervisor restarts a failed child.');
    expect(citations.length).toBeGreaterThan(1);
    expect(findFalseCitations({ answer: textOf(parts), citations }, request.sources)).toEqual([]);
    expect(parts.filter((part) => part.type === 'end')).toEqual([parts.at(-1)]);
    expect(parts.at(-1)).toMatchObject({ finish: 'stop' });
  });

  test('counts usage in our tokens', async () => {
    const parts = await all(unpaced.stream(request, never));
    const input = countTokens(request.question) + texts.reduce((sum, text) => sum + countTokens(text), 0);
    const output = countTokens(textOf(parts));
    expect(parts.at(-1)).toMatchObject({ usage: { input_tokens: input, output_tokens: output, total_tokens: input + output } });
  });

  test('refuses when the sources do not answer, and cites nothing', async () => {
    const parts = await all(unpaced.stream(requestOf('Who wrote the anthem of France?'), never));
    expect(textOf(parts)).toBe('The documents do not answer this.');
    expect(parts.map((part) => part.type)).not.toContain('citation');
    expect(parts.at(-1)).toMatchObject({ finish: 'refused' });
  });

  test('answers without statistics of the collection', async () => {
    const { evidence: _, ...bare } = request;
    expect(textOf(await all(unpaced.stream(bare, never)))).toContain('A supervisor restarts a failed child.');
  });

  test.each([-1, Number.NaN, Infinity])('a rate of %d is refused', (rate) => {
    expect(() => createExtractiveModel({ clock: systemClock, rate })).toThrow(TypeError);
  });
});

describe('a paced stream', () => {
  test('sends one word at a time, as fast as the rate says', async () => {
    const clock = new SimulatedClock();
    const { parts, done } = collect(createExtractiveModel({ clock, rate: 10 }).stream(request, never));
    await clock.advance(0);
    expect(textOf(parts)).toBe('A');
    await clock.advance(200);
    expect(textOf(parts)).toBe('A supervisor restarts');
    await clock.advance(60_000);
    await done;
    expect(textOf(parts)).toBe(textOf(await all(unpaced.stream(request, never))));
    expect(clock.pendingTimers).toBe(0);
  });

  test('ends within one word of an abort, without an end, and leaves no timer', async () => {
    const clock = new SimulatedClock();
    const controller = new AbortController();
    const { parts, done } = collect(createExtractiveModel({ clock, rate: 10 }).stream(request, controller.signal));
    await clock.advance(100);
    controller.abort();
    await done;
    expect(textOf(parts)).toBe('A supervisor');
    expect(parts.map((part) => part.type)).not.toContain('end');
    expect(clock.pendingTimers).toBe(0);
  });

  test('sends nothing when it was aborted before', async () => {
    expect(await all(unpaced.stream(request, AbortSignal.abort()))).toEqual([]);
  });
});
