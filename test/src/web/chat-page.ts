import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { BrowserPage } from './browser.ts';
import { openBrowser } from './browser.ts';

/** The answer that came last. */
export const LAST_ANSWER = '.turn:last-child .is-answer';

/** The chat of a service, in a browser, once it is connected. */
export async function openChat(url: string): Promise<BrowserPage> {
  const page = await openBrowser();
  await page.goTo(url);
  await eventually(async () => expect(await page.text('#connection')).toBe('online'));
  return page;
}

export async function askByKeyboard(page: BrowserPage, question: string): Promise<void> {
  await page.evaluate('document.querySelector("#question").focus()');
  await page.type(question);
  await page.pressEnter();
}

export function tiles(page: BrowserPage): Promise<string[]> {
  return page.evaluate('[...document.querySelectorAll("dd")].map((tile) => tile.innerText)');
}

export async function index(url: string, text: string): Promise<void> {
  const body = JSON.stringify({ documents: [{ id: 'trees.md', text }], wait: true });
  const response = await fetch(`${url}/index`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(200);
}
