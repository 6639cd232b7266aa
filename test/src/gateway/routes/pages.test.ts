import { describe, expect, test } from 'vitest';
import { startApplication } from '../../../support/start-application.ts';

describe('pages', () => {
  test('the chat is at / and at /rag, and nothing from elsewhere may run in it', async () => {
    const { url } = await startApplication();
    const [root, rag] = await Promise.all([fetch(`${url}/`), fetch(`${url}/rag`)]);
    expect([root.status, root.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = root.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(await root.text()).toBe(await rag.text());
  });

  test('every script and style that the page names is served', async () => {
    const { url } = await startApplication();
    const html = await (await fetch(`${url}/`)).text();
    const paths = [...html.matchAll(/(?:src|href)="(?!https?:|data:|#)([^"]+)"/g)].flatMap(([, path]) => path ?? []);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) expect([path, (await fetch(new URL(path, `${url}/`))).status]).toEqual([path, 200]);
  });

  test('the client of the pages is served with all its modules, and without its types', async () => {
    const { url } = await startApplication();
    const modules = new Map<string, string>();
    for (const paths = ['/client.js']; paths.length > 0; ) {
      const path = paths.pop() ?? '';
      if (modules.has(path)) continue;
      const response = await fetch(url + path);
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 200, 'text/javascript; charset=utf-8']);
      const code = await response.text();
      modules.set(path, code);
      const imports = [...code.matchAll(/\bfrom '([^']+)'/g)].map(([, to]) => new URL(to ?? '', url + path).pathname);
      paths.push(...imports);
    }
    expect([...modules.keys()]).toContain('/client/session-client.ts');
    expect([...modules.keys()]).not.toContain('/client/api.ts');
    expect([...modules.values()].join('')).not.toMatch(/\b(interface|import type) /);
  });

  test('a page that the browser has is not sent again', async () => {
    const { url } = await startApplication();
    const etag = (await fetch(`${url}/`)).headers.get('etag') ?? '';
    const again = await fetch(`${url}/`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  test.for(['/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '/nope.js'])('%s leads nowhere', async (path) => {
    const { url } = await startApplication();
    expect((await fetch(url + path)).status).toBe(404);
  });
});
