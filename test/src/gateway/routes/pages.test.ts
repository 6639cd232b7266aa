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
