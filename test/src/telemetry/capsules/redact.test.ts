import { describe, expect, test } from 'vitest';
import { redact } from '#src/telemetry/capsules/redact.ts';

const SECRET = 'sk-"quoted"/value+1';
const hide = (value: unknown, maxText = 1000): unknown => redact(value, { secrets: [SECRET, 'sk-'], maxText });

describe('redact', () => {
  test('hides a value of a secret setting wherever it stands: in texts, names, lists and addresses', () => {
    const shown = JSON.stringify(
      hide({
        message: `refused ${SECRET}!`,
        [`key ${SECRET}`]: 1,
        list: [{ deep: [[SECRET]] }],
        url: `https://a.test/?k=${encodeURIComponent(SECRET)}`,
        json: JSON.stringify({ k: SECRET }),
      }),
    );
    for (const form of [SECRET, encodeURIComponent(SECRET), 'quoted', 'value+1']) expect(shown).not.toContain(form);
    expect(shown.match(/\[secret\]/g)).toHaveLength(5);
  });

  test('hides what is a secret by the name of its field', () => {
    expect(hide({ a: { headers: { Authorization: 'x', accept: 'y' } } })).toEqual({ a: { headers: { Authorization: '[secret]', accept: 'y' } } });
    const deep = { a: { b: { c: { d: { e: { f: { g: { api_key: 'x' } } } } } } } };
    expect(JSON.stringify(hide(deep))).toContain('"api_key":"[secret]"');
  });

  test('hides who calls in an address', () => {
    expect(hide('http://ada:love%20lace@models.test:8000/v1 refused')).toBe('http://[secret]@models.test:8000/v1 refused');
    expect(hide('http://models.test:8000/a@b')).toBe('http://models.test:8000/a@b');
  });

  test.for(['Bearer abcdefgh1234', 'Basic dXNlcjpwYXNz', 'AKIAEMULATED00000001', 'token=abc', 'api_key=abc123'])('hides %s, which no setting holds, by its form', (text) => {
    expect(hide(`before ${text} after`)).toBe('before [secret] after');
  });

  test('cuts long texts behind the hiding, and ends on what holds itself', () => {
    expect(hide(`${'x'.repeat(8)}${SECRET}`, 10)).toBe(`${'x'.repeat(8)}[s…`);
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    expect(JSON.stringify(hide(circle))).toContain('[…]');
  });

  test('leaves what it was given as it is', () => {
    const value = { text: SECRET, secret: 'a' };
    hide(value);
    expect(value).toEqual({ text: SECRET, secret: 'a' });
  });
});
