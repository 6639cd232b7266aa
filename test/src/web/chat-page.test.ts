import { describe, expect, test } from 'vitest';
import { blowFuse, fuseName, installFuse } from '#agents/fuse/fuse.agent.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import type { TestApplication } from '../../support/start-application.ts';
import { startApplication } from '../../support/start-application.ts';
import { CHROMIUM, hasChromium } from './browser.ts';
import { askByKeyboard, index, LAST_ANSWER, openChat, tiles } from './chat-page.ts';

/** What the fuse of the search by words guards. */
const SEARCH = 'lexical:fts5';

const GUIDE = '# Trees\n\nA banyan drops new trunks from its branches. Cut one trunk and the tree stands.';

describe.skipIf(!hasChromium)(`the chat page, in ${CHROMIUM}`, { timeout: 60_000 }, () => {
  test('begins empty, with samples, tiles and no request but to its own service', async () => {
    const { url } = await startApplication();
    const page = await openChat(url);
    expect(await page.text('.page-header h1')).toBe('Banyan');
    expect(await page.evaluate('[...document.querySelectorAll("dt")].map((tile) => tile.innerText)')).toEqual([
      'Total Queries',
      'Cache Hits',
      'Cache Misses',
      'Hit Rate',
    ]);
    expect(await tiles(page)).toEqual(['0', '0', '0', '0%']);
    expect(await page.evaluate('[...document.querySelectorAll(".sample")].length')).toBe(3);
    expect(await page.text('.sample')).toBe('How does Banyan restart a failed child?');
    expect(await page.evaluate('document.querySelector("#ask-button").disabled')).toBe(true);
    await page.type('   ');
    expect(await page.evaluate('document.querySelector("#ask-button").disabled')).toBe(true);
    expect(page.requests.filter((request) => !request.startsWith(`${url}/`))).toEqual([]);
    expect(page.errors).toEqual([]);
  });

  test('a question is answered with marks that open their source, and counted in the tiles', async () => {
    const { url } = await startApplication();
    await index(url, GUIDE);
    const page = await openChat(url);
    await askByKeyboard(page, 'What does a banyan drop from its branches?');
    await eventually(async () => expect(await page.text('.facts')).toMatch(/ m?s$/));
    expect(await page.text('.is-question')).toMatch(/^You\s+What does a banyan drop/);
    expect(await page.text(LAST_ANSWER)).toMatch(/^AI Assistant\s+A banyan drops new trunks from its branches\..*\[1\]/);
    expect(await page.evaluate('document.activeElement.id')).toBe('question');
    await page.click('.mark');
    expect(await page.text('#source-title')).toBe('[1] Trees');
    expect(await page.text('#source-origin')).toBe('trees.md');
    expect(await page.text('#source-text mark')).toContain('A banyan drops new trunks from its branches.');
    await page.click('#source-close');
    await page.click('[aria-label="Good answer"]');
    await eventually(async () => expect(await page.evaluate('document.querySelector(".rating").ariaPressed')).toBe('true'));
    await eventually(async () => expect(await tiles(page)).toEqual(['1', '0', '1', '0%']));
    await askByKeyboard(page, 'What does a banyan drop from its branches?');
    await eventually(async () => expect(await tiles(page)).toEqual(['2', '1', '1', '50%']));
    expect(await page.text(`${LAST_ANSWER} .facts`)).toContain('from the cache');
    expect(await page.text('#notices')).toBe('');
    expect(page.errors).toEqual([]);
  });

  test('text streams while the answer runs, survives a reload, and stops on demand', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url, GUIDE);
    const page = await openChat(url);
    await askByKeyboard(page, 'Why do banyans stand?');
    await eventually(async () => expect(await page.text('.thinking')).toMatch(/^Thinking\.\.\.\s*generating/));
    const stream = await model.nth(0);
    stream.say('Because <b>of</b>\n');
    await eventually(async () => expect(await page.text(`${LAST_ANSWER} .text`)).toContain('Because <b>of</b>'));
    await page.reload();
    await eventually(async () => expect(await page.text(`${LAST_ANSWER} .text`)).toContain('Because <b>of</b>'));
    stream.say('their trunks');
    await eventually(async () => expect(await page.text(`${LAST_ANSWER} .text`)).toBe('Because <b>of</b>\ntheir trunks'));
    await page.click('#stop-button');
    await eventually(async () => expect(await page.text('.facts')).toContain('stopped'));
    expect(stream.signal.aborted).toBe(true);
    expect(await page.text(`${LAST_ANSWER} .text`)).toBe('Because <b>of</b>\ntheir trunks');
    expect(await page.evaluate('document.querySelector("#stop-button").hidden')).toBe(true);
  });

  test('a failure is a notice with its code, and no message of the assistant', async () => {
    const { url, kernel } = await startApplication();
    await index(url, GUIDE);
    await installFuse(kernel, SEARCH, { maxMelts: 0, windowMs: 1000, refreshMs: 60_000 });
    await blowFuse(kernel, fuseName(SEARCH));
    const page = await openChat(url);
    await askByKeyboard(page, 'Why do banyans stand?');
    await eventually(async () => expect(await page.text('.notice')).toMatch(/^Error: .* [A-Z_]+_[A-Z]+\n/));
    expect(await page.evaluate(`document.querySelector('${LAST_ANSWER}').hidden`)).toBe(true);
    await page.click('.notice button');
    await eventually(async () => expect(await page.evaluate('document.querySelector(".notice")')).toBe(null));
  });

  test('a service that went away is said to be away, and comes back with the conversation', async () => {
    const first = await startApplication();
    await index(first.url, GUIDE);
    const page = await openChat(first.url);
    await askByKeyboard(page, 'What does a banyan drop from its branches?');
    await eventually(async () => expect(await page.text('.facts')).not.toBe(''));
    await first.stop();
    await eventually(async () => expect(await page.text('#connection')).toMatch(/^reconnecting in \d+ s$/));
    expect(await tiles(page)).toEqual(['0', '0', '0', '0%']);
    await restart(first);
    await page.click('#reconnect');
    await eventually(async () => expect(await page.text('#connection')).toBe('online'));
    await page.reload();
    await eventually(async () => expect(await page.text(LAST_ANSWER)).toContain('A banyan drops new trunks'));
  });

  test.for([
    ['dark', 375],
    ['light', 375],
    ['light', 1600],
  ] as const)('%s, at %i px, nothing is wider than the page, and the form is in sight', async ([scheme, width]) => {
    const { url } = await startApplication();
    await index(url, `${GUIDE}\n\n${'Trunks'.repeat(60)} hold branches.`);
    const page = await openChat(url);
    await page.prefer(scheme);
    await page.resize(width, 800);
    await askByKeyboard(page, 'What holds branches?');
    await eventually(async () => expect(await page.text('.facts')).not.toBe(''));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(await page.evaluate('document.querySelector("#ask-button").getBoundingClientRect().bottom')).toBeLessThanOrEqual(800);
    expect((await page.screenshot()).length).toBeGreaterThan(5000);
  });
});

/** The same service again: its data, its address. */
async function restart({ url, dataDir }: TestApplication): Promise<void> {
  await startApplication({ dataDir, env: { BANYAN_PORT: new URL(url).port } });
}
