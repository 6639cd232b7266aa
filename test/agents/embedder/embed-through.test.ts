import { describe, expect, test } from 'vitest';
import { embedThrough } from '#agents/embedder/embed-through.ts';
import type { EmbeddingModel } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';
import type { ProviderFailure } from '#src/ports/provider-error.ts';

const VECTORS = { vectors: [new Float32Array([1])], inputTokens: 1 };

function route(account: string): EmbeddingModel {
  return { id: 'test:model', account, dimension: 1, batch: { maxItems: 1, maxBytes: 100 }, embed: () => Promise.resolve(VECTORS) };
}

const routes = ['one', 'two'].map(route);

/** Asks through both routes, of which those in `failing` fail; tells who was asked, and who as the last. */
async function ask(failing: Readonly<Record<string, ProviderFailure>>): Promise<{ asked: unknown[]; outcome: unknown }> {
  const asked: unknown[] = [];
  const outcome = await embedThrough(routes, ({ account }, isLast) => {
    asked.push([account, isLast]);
    const failure = failing[account];
    return failure === undefined ? Promise.resolve(VECTORS) : Promise.reject(new ProviderError(failure, account, 'failed'));
  }).catch((error: unknown) => error);
  return { asked, outcome };
}

describe('embedThrough', () => {
  test('asks the first route alone where it can', async () => {
    expect(await ask({})).toEqual({ asked: [['one', false]], outcome: VECTORS });
  });

  test.each<ProviderFailure>(['auth', 'quota', 'rate_limited', 'timeout', 'unavailable', 'not_found', 'bad_response'])('goes on to the next route after %s', async (failure) => {
    expect(await ask({ one: failure })).toEqual({ asked: [['one', false], ['two', true]], outcome: VECTORS });
  });

  test.each<ProviderFailure>(['aborted', 'bad_request', 'too_large', 'blocked'])('leaves it at %s, which the next would say as well', async (failure) => {
    const { asked, outcome } = await ask({ one: failure });
    expect(asked).toHaveLength(1);
    expect(outcome).toMatchObject({ failure, account: 'one' });
  });

  test('fails as the last route did', async () => {
    expect((await ask({ one: 'auth', two: 'timeout' })).outcome).toMatchObject({ failure: 'timeout', account: 'two' });
  });
});
