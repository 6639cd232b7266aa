import { describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { freePort, killServe, startServe } from '../../support/serve-process.ts';
import { startApplication } from '../../support/start-application.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { BrowserPage } from './browser.ts';
import { CHROMIUM, hasChromium } from './browser.ts';
import { askByKeyboard, index, LAST_ANSWER, openChat } from './chat-page.ts';

const GUIDE = '# Trees\n\nA banyan drops new trunks from its branches. Cut one trunk and the tree stands.';
const QUESTION = 'Why do banyans stand?';
/** Half a minute: a process needs a second to be there again, and the page tries once in a while. */
const BACK_ATTEMPTS = 3000;

describe.skipIf(!hasChromium)(`the chat page, in ${CHROMIUM}, when something goes`, { timeout: 60_000 }, () => {
  test('reloaded in the middle of an answer, goes on with it from its first word', async () => {
    const { page, model } = await startAnswering();
    const stream = await model.nth(0);
    const reloaded = page.reload();
    for (let word = 0; word < 50; word += 1) stream.say(`word${word} `);
    await reloaded;
    stream.say('last').finish();
    const whole = `Because ${Array.from({ length: 50 }, (_, word) => `word${word} `).join('')}last`;
    await answered(page);
    expect(await answerText(page)).toBe(whole);
    expect(await page.evaluate('document.querySelectorAll(".turn").length')).toBe(1);
    expect(page.errors).toEqual([]);
  });

  test('goes on by itself when the service is killed in the middle of an answer and started again', async () => {
    const [dataDir, port] = [temporaryDirectory(), await freePort()];
    const settings = { BANYAN_EXTRACTIVE_RATE: '20' };
    const service = await startServe(port, dataDir, settings);
    await index(service.url, `# Trees\n\n${'A banyan stands on trunks that its branches drop. '.repeat(4)}`);
    const page = await openChat(service.url);
    await askByKeyboard(page, 'What does a banyan stand on?');
    await eventually(async () => expect(await answerText(page)).toMatch(/\w+ \w+ \w+/));
    const before = await answerText(page);
    await killServe(service);
    await eventually(async () => expect(await page.text('#connection')).toMatch(/^reconnecting/));
    expect(await answerText(page)).toContain(before);
    await startServe(port, dataDir, settings);
    await answered(page);
    const { answer, turns } = await history(page, service.url);
    expect([turns, await answerText(page)]).toEqual([1, answer]);
    expect(answer.startsWith(before.trim())).toBe(true);
    expect(await page.text('#notices')).toBe('');
  });

  test('asks what was asked while the service was away', async () => {
    const [dataDir, port] = [temporaryDirectory(), await freePort()];
    const first = await startServe(port, dataDir);
    await index(first.url, GUIDE);
    const page = await openChat(first.url);
    await killServe(first);
    await eventually(async () => expect(await page.text('#connection')).not.toBe('online'));
    await askByKeyboard(page, 'What does a banyan drop from its branches?');
    await eventually(async () => expect(await page.text('.thinking')).toContain('sending the question'));
    await startServe(port, dataDir);
    await answered(page);
    expect(await answerText(page)).toContain('A banyan drops new trunks');
  });

  test('does not ask what the reader stopped before it was sent', async () => {
    const { url, stop } = await startApplication();
    const page = await openChat(url);
    await stop();
    await eventually(async () => expect(await page.text('#connection')).not.toBe('online'));
    await askByKeyboard(page, QUESTION);
    await eventually(async () => expect(await page.text('.thinking')).toContain('sending the question'));
    await page.click('#stop-button');
    await eventually(async () => expect(await page.text('.failure')).toContain('Stopped before it was asked'));
    expect(await page.text('#notices')).toBe('');
    expect(await page.evaluate('document.querySelector("#question").disabled')).toBe(false);
  });

  test('stops for good: the model is told, nothing comes behind it, and a reload shows the same', async () => {
    const { page, model, url } = await startAnswering();
    const stream = await model.nth(0);
    await page.click('#stop-button');
    await eventually(() => expect(stream.signal.aborted).toBe(true));
    stream.say('more');
    await answered(page);
    expect(await page.text('.facts')).toContain('stopped');
    await page.reload();
    await answered(page);
    expect(await answerText(page)).toBe('Because');
    expect(await history(page, url)).toEqual({ turns: 1, answer: 'Because' });
  });

  test('stops a question that was asked before the page was loaded anew', async () => {
    const { page, model } = await startAnswering();
    await page.reload();
    await eventually(async () => expect(await answerText(page)).toBe('Because'));
    await page.click('#stop-button');
    await eventually(async () => expect((await model.nth(0)).signal.aborted).toBe(true));
    await answered(page);
  });

  test('begins a new conversation where the session is gone', async () => {
    const { url } = await startApplication();
    const page = await openChat(`${url}/#session=nobody`);
    await eventually(async () => expect(await page.text('.notice')).toContain('no longer there'));
    expect(await page.evaluate('location.hash')).toBe('');
    expect(await page.evaluate('document.querySelectorAll(".notice").length')).toBe(1);
  });
});

async function startAnswering(): Promise<{ readonly page: BrowserPage; readonly model: ScriptedModel; readonly url: string }> {
  const model = new ScriptedModel();
  const { url } = await startApplication({ models: [model] });
  await index(url, GUIDE);
  const page = await openChat(url);
  await askByKeyboard(page, QUESTION);
  (await model.nth(0)).say('Because ');
  await eventually(async () => expect(await answerText(page)).toBe('Because'));
  return { page, model, url };
}

/** Without the marks of its sources. */
function answerText(page: BrowserPage): Promise<string> {
  const text = `document.querySelector(${JSON.stringify(`${LAST_ANSWER} .text`)})`;
  return page.evaluate(`[...(${text}?.childNodes ?? [])].filter((part) => !part.matches?.('.mark')).map((part) => part.textContent).join('').trim()`);
}

async function answered(page: BrowserPage): Promise<void> {
  await eventually(async () => expect(await page.text(`${LAST_ANSWER} .facts`)).not.toBe(''), BACK_ATTEMPTS);
}

/** The session of the page as the service has it. */
async function history(page: BrowserPage, url: string): Promise<{ readonly turns: number; readonly answer: string }> {
  const session = await page.evaluate<string>('location.hash.split("=")[1]');
  const { turns } = (await (await fetch(`${url}/sessions/${session}`)).json()) as { readonly turns: readonly { readonly end: { readonly answer: string } }[] };
  return { turns: turns.length, answer: turns[0]?.end.answer ?? '' };
}
