import { describe, expect, test } from 'vitest';
import { serviceUrl, urlOfSettings } from '#src/cli/service-url.ts';

describe('serviceUrl', () => {
  test.for([
    ['127.0.0.1', 'http://127.0.0.1:4000/'],
    ['0.0.0.0', 'http://127.0.0.1:4000/'],
    ['::', 'http://[::1]:4000/'],
    ['::1', 'http://[::1]:4000/'],
    ['banyan.internal', 'http://banyan.internal:4000/'],
  ] as const)('a service that listens on %s is called at %s', ([host, url]) => {
    expect(urlOfSettings({ host, port: 4000 }).href).toBe(url);
  });

  test('an open port cannot be guessed', () => {
    expect(() => urlOfSettings({ host: '127.0.0.1', port: 0 })).toThrow('--url');
  });

  test.for([
    ['http://h:1', 'http://h:1/'],
    ['https://h/banyan', 'https://h/banyan/'],
    ['http://h/banyan/?a#b', 'http://h/banyan/'],
  ] as const)('%s is read as %s', async ([given, url]) => {
    expect((await serviceUrl(given, {})).href).toBe(url);
  });

  test('--url wins over the settings', async () => {
    expect((await serviceUrl('http://h:1', { BANYAN_PORT: '4321' })).href).toBe('http://h:1/');
    expect((await serviceUrl(undefined, { BANYAN_PORT: '4321' })).href).toBe('http://127.0.0.1:4321/');
  });
});
