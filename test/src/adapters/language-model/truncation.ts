import { createServer } from 'node:http';
import { inspect } from 'node:util';
import type { LanguageModel } from '#src/ports/language-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import { answerTo, collect, exampleRequest } from './generation.ts';

export interface Recording {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export interface TruncatingServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A request whose recorded answer is short enough to be cut at every byte. */
export const SHORT_REQUEST = exampleRequest({ text: 'It is öpen.' });
const SHORT_ANSWER = answerTo(SHORT_REQUEST);

export type Ending = 'clean' | 'cut';

/** Gives one request after the other `step` bytes more of the recording, ended as if that were all, or cut off. */
export async function startTruncatingServer({ contentType, bytes }: Recording, ending: Ending, step: number): Promise<TruncatingServer> {
  let length = 0;
  const server = createServer((request, response) => {
    request.resume();
    const part = bytes.subarray(0, length);
    length += step;
    response.writeHead(200, { 'content-type': contentType });
    response.flushHeaders();
    const end = (): void => void (ending === 'clean' ? response.end() : response.socket?.destroy());
    if (part.length === 0) return end();
    response.write(part, end);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected the server to have a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** `complete` only for the whole text with one end, a failure only after a beginning of it; else what is wrong. */
export async function outcomeOf(model: LanguageModel): Promise<string> {
  const { text, ends, error } = await collect(model, SHORT_REQUEST);
  if (!SHORT_ANSWER.startsWith(text)) return `wrong text: ${text}`;
  if (error instanceof ProviderError) return ends.length === 0 ? error.failure : 'an end and an error';
  if (error !== undefined) return `no ProviderError: ${inspect(error)}`;
  return text === SHORT_ANSWER && ends.length === 1 ? 'complete' : `a silent success: ${text}`;
}

/** Outcomes of `count` runs, a few at a time, and how often each came. */
export async function outcomesOf(model: LanguageModel, count: number): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  let started = 0;
  const work = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      const outcome = await outcomeOf(model);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return outcomes;
}
