import { describe, expect, test } from 'vitest';
import { checkApiKey, redactKey, withoutKey } from '#src/adapters/api-key.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

describe('checkApiKey', () => {
  test.each(['key', 'sk-proj_A.b/c+d=='])('takes %j', (key) => {
    expect(() => checkApiKey(key, 'provider/key-1/model')).not.toThrow();
  });

  test.each(['', ' ', 'two words', 'a line\n', 'with-ü', '\u0000'])('refuses %j as auth, without repeating it', (key) => {
    const refusal = expect.objectContaining({ failure: 'auth', message: 'provider/key-1/model: the API key is empty or holds characters that no key has' });
    expect(() => checkApiKey(key, 'provider/key-1/model')).toThrow(refusal);
  });
});

describe('withoutKey', () => {
  test('keeps everything but the key', () => {
    const error = new ProviderError('rate_limited', 'account', 'no more for a-key and a-key', { status: 429, retryAfterMs: 5, requestId: 'id' });
    const redacted = withoutKey(error, 'a-key');
    expect(redacted).toMatchObject({ failure: 'rate_limited', account: 'account', status: 429, retryAfterMs: 5, requestId: 'id' });
    expect(redacted.message).toBe('account: no more for [secret] and [secret]');
  });

  test('is the error itself where it does not say the key, or there is none', () => {
    const error = new ProviderError('auth', 'account', 'refused');
    expect(withoutKey(error, 'a-key')).toBe(error);
    expect(withoutKey(error, undefined)).toBe(error);
    expect(withoutKey(error, '')).toBe(error);
  });
});

test('redactKey replaces each occurrence', () => {
  expect(redactKey('a-key, a-key', 'a-key')).toBe('[secret], [secret]');
});
