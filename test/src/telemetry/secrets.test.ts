import { describe, expect, test } from 'vitest';
import { censorSecrets } from '#src/telemetry/secrets.ts';

describe('censorSecrets', () => {
  test('gives back the same object where there is no secret', () => {
    const fields = { a: 1, b: { c: [1, 2, { d: 'e' }] }, usage: { input_tokens: 3 } };
    expect(censorSecrets(fields)).toBe(fields);
  });

  test('leaves the object that it was given as it is', () => {
    const fields = { request: { headers: { cookie: 'c' } } };
    expect(censorSecrets(fields)).toEqual({ request: { headers: { cookie: '[secret]' } } });
    expect(fields.request.headers.cookie).toBe('c');
  });

  test('ends on an object that holds itself', () => {
    const fields: Record<string, unknown> = { password: 'p' };
    fields['self'] = fields;
    expect(censorSecrets(fields)).toMatchObject({ password: '[secret]', self: { password: '[secret]' } });
  });

  test('leaves objects with a class alone', () => {
    const date = new Date(0);
    expect(censorSecrets({ date, secret: 1 })).toEqual({ date, secret: '[secret]' });
  });
});
