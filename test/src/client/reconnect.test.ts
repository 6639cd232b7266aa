import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BanyanError } from '#src/client/api.ts';
import { eventually } from '../../support/eventually.ts';
import { ScriptedModel } from '../../support/scripted-model.ts';
import { freePort, killServe, startServe } from '../../support/serve-process.ts';
import { startApplication } from '../../support/start-application.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { index, QUESTION } from '../gateway/rest-client.ts';
import { connectClient, eventsOf, textOf } from './connect-client.ts';
import type { Cut } from './relay.ts';
import { startRelay } from './relay.ts';

const WORDS = Array.from({ length: 40 }, (_, at) => `word${at} `);
const LONG = 'A supervisor restarts its children. '.repeat(4);
const cut = fc.record({ of: fc.constantFrom<Cut['of']>('service', 'service', 'client'), bytes: fc.integer({ min: 1, max: 4000 }) });

describe('a lost connection', () => {
  test('loses nothing and repeats nothing, wherever and however often it is cut', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const relay = await startRelay(url);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 5 }), async (cuts) => {
        relay.cutNext(cuts);
        const banyan = connectClient(relay.url);
        const seqs: [number, number][] = [];
        banyan.onFrame((frame) => 'seq' in frame && seqs.push([frame.from ?? frame.seq, frame.seq]));
        // Its own temperature, so that no answer is shared or kept for it.
        const answer = banyan.ask(QUESTION, { temperature: run / 1000 });
        const events = eventsOf(answer);
        const stream = await model.nth(run);
        run += 1;
        for (const word of WORDS) {
          stream.say(word);
          await new Promise(setImmediate);
        }
        stream.finish();
        const { answer: text } = await answer.end();
        expect(text).toBe(WORDS.join(''));
        expect(textOf(await events)).toBe(text);
        expect((await events).filter(({ type }) => type === 'reset' || type === 'accepted')).toHaveLength(1);
        expect(seqs.slice(1).map(([from]) => from)).toEqual(seqs.slice(0, -1).map(([, seq]) => seq + 1));
        banyan.close();
      }),
      { numRuns: 15 },
    );
  });

  test('keeps no stop from the turn, wherever and however often it is cut', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const relay = await startRelay(url);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 5 }), fc.nat(WORDS.length - 1), async (cuts, words) => {
        relay.cutNext(cuts);
        const banyan = connectClient(relay.url);
        const answer = banyan.ask(QUESTION, { temperature: run / 1000 });
        const events = eventsOf(answer);
        const stream = await model.nth(run);
        run += 1;
        for (const word of WORDS.slice(0, words)) {
          stream.say(word);
          await new Promise(setImmediate);
        }
        answer.cancel();
        const { finish, answer: text } = await answer.end();
        expect(finish).toBe('cancelled');
        expect(stream.signal.aborted).toBe(true);
        expect(WORDS.join('').startsWith(text)).toBe(true);
        expect(textOf(await events)).toBe(text);
        banyan.close();
      }),
      { numRuns: 15 },
    );
  });

  test('that says nothing any more is noticed, and made anew', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const relay = await startRelay(url);
    const banyan = connectClient(relay.url, { heartbeatMs: 50 });
    const answer = banyan.ask(QUESTION);
    const stream = await model.nth(0);
    stream.say('one');
    await eventually(() => expect(answer.turn).toBeDefined());
    const states: string[] = [];
    banyan.onStatus(({ state }) => states.push(state));
    relay.isSilent = true;
    stream.say(' two').finish();
    await eventually(() => expect(states).toContain('waiting'));
    relay.isSilent = false;
    expect(await answer.text()).toBe('one two');
    expect(textOf(await eventsOf(answer))).toBe('one two');
  });

  test('that is idle but alive is kept', async () => {
    const { url } = await startApplication();
    const banyan = connectClient(url, { heartbeatMs: 20 });
    const states: string[] = [];
    banyan.onStatus(({ state }) => states.push(state));
    let pongs = 0;
    banyan.onFrame(({ type }) => (pongs += type === 'pong' ? 1 : 0));
    await eventually(() => expect(pongs).toBe(3));
    expect(states).toEqual(['connecting', 'online']);
  });

  test('before anything was asked begins another session', async () => {
    const model = new ScriptedModel();
    const { url } = await startApplication({ models: [model] });
    await index(url);
    const relay = await startRelay(url);
    const banyan = connectClient(relay.url);
    const states: string[] = [];
    banyan.onStatus(({ state }) => states.push(state));
    await banyan.session;
    relay.cutAll();
    await eventually(() => expect(states).toContain('waiting'));
    const answer = banyan.ask(QUESTION);
    (await model.nth(0)).say('one').finish();
    expect(await answer.text()).toBe('one');
  });
});

describe('a service that goes', () => {
  test('in its gateway only is come back to in the middle of the answer', async () => {
    const model = new ScriptedModel();
    const { url, kernel } = await startApplication({ models: [model], env: { BANYAN_PORT: String(await freePort()) } });
    await index(url);
    const banyan = connectClient(url);
    const answer = banyan.ask(QUESTION);
    const events = eventsOf(answer);
    const stream = await model.nth(0);
    stream.say('one ');
    await eventually(() => expect(answer.turn).toBeDefined());
    const states: string[] = [];
    banyan.onStatus(({ state }) => states.push(state));
    kernel.kill('gateway');
    await eventually(() => expect(states).toContain('waiting'));
    stream.say('two').finish();
    expect(await answer.text()).toBe('one two');
    expect(textOf(await events)).toBe('one two');
    expect((await events).some(({ type }) => type === 'reset')).toBe(false);
  });

  test('in an orderly restart is asked what it had not accepted, and finishes what it had', async () => {
    const dataDir = temporaryDirectory();
    const env = { BANYAN_PORT: String(await freePort()), BANYAN_DRAIN_TIMEOUT_MS: '1' };
    const [before, after] = [new ScriptedModel(), new ScriptedModel()];
    const first = await startApplication({ dataDir, env, models: [before] });
    await index(first.url);
    const banyan = connectClient(first.url);
    const running = banyan.ask(QUESTION);
    const outcome = eventsOf(running).then(textOf, (error: BanyanError) => error.code);
    (await before.nth(0)).say('one ');
    await eventually(() => expect(running.turn).toBeDefined());
    await first.stop();
    const late = banyan.ask('What does Banyan restart?');
    for (const at of [0, 1]) void after.nth(at).then((stream) => stream.say('one ').say('two').finish());
    await startApplication({ dataDir, env, models: [after] });
    expect(await late.text()).toBe('one two');
    expect(await outcome).toBe('one two');
  });

  test('by SIGKILL, and comes again on its data, finishes every answer once', { timeout: 60_000 }, async () => {
    const dataDir = temporaryDirectory();
    const port = await freePort();
    const settings = { BANYAN_EXTRACTIVE_RATE: '60' };
    let service = await startServe(port, dataDir, settings);
    await index(service.url, [{ id: 'guide', text: `# Supervisors\n\n${LONG}`, title: 'Guide' }]);
    const banyan = connectClient(service.url);
    const answers = ['What is a supervisor?', 'What does a supervisor restart?'].map((question) => banyan.ask(question));
    const events = answers.map(eventsOf);
    await eventually(() => expect(answers.every(({ turn }) => turn !== undefined)).toBe(true));
    await killServe(service);
    service = await startServe(port, dataDir, settings);
    for (const [at, answer] of answers.entries()) {
      const text = await answer.text();
      const read = await (events[at] ?? []);
      expect(text.length).toBeGreaterThan(0);
      expect(textOf(read)).toBe(text);
      expect(read.filter(({ type }) => type === 'end')).toHaveLength(1);
      expect(read.filter(({ type }) => type === 'accepted')).toHaveLength(1);
    }
  });
});
