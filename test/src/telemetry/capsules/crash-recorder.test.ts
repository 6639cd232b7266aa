import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { QUERIES } from '#agents/query/query.agent.ts';
import { sessionName } from '#agents/session/session.agent.ts';
import type { Capsule } from '#src/telemetry/capsules/capsule.ts';
import { CapsuleFiles } from '#src/telemetry/capsules/capsule-files.ts';
import type { Conversations } from '../../../support/start-conversations.ts';
import { startConversations } from '../../../support/start-conversations.ts';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

const CRASHING_PROCESS = resolve(import.meta.dirname, '../../../support/crashing-process.ts');
const KEY = 'emulated-"secret"-key';
const GUIDE = { id: 'guide.md', text: '# Supervision\n\nA supervisor restarts its children when they fail.' };
const ask = (id: string, question = 'What does a supervisor do?') => ({ id, question, options: {} });

async function startWithGuide(model: ScriptedModel): Promise<Conversations> {
  const conversations = await startConversations({ models: [model], env: { GEMINI_API_KEY: KEY } });
  const { ingest, store } = conversations;
  const { id } = await ingest.index([GUIDE], { chunkSize: 64, overlap: 8 });
  await eventually(async () => expect((await store.knowledge.getJob(id)).state).toBe('succeeded'));
  return conversations;
}

async function capsules(dataDir: string, count: number): Promise<readonly Capsule[]> {
  const files = new CapsuleFiles(join(dataDir, 'crashes'));
  await eventually(async () => expect(await files.list()).toHaveLength(count));
  return Promise.all((await files.list()).map(({ id }) => files.read(id)));
}

describe('a crash', () => {
  test('of a query leaves the question, the evidence, what was said, the events and the stack, without a secret', async () => {
    const model = new ScriptedModel();
    const { sessions, dataDir } = await startWithGuide(model);
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).say('A supervisor').fail(new TypeError(`a bug near ${KEY}`, { cause: new Error('Bearer abcdefgh12345') }));
    (await model.nth(1)).say(' restarts.').finish();
    await answer;
    const [capsule] = await capsules(dataDir, 1);
    expect(capsule).toMatchObject({
      format: 1,
      actor: { id: 'query', supervisor: QUERIES },
      reason: { name: 'TypeError', message: 'a bug near [secret]', stack: expect.stringContaining('crash-recorder.test.ts') as string, cause: { message: '[secret]' } },
      question: { text: 'What does a supervisor do?', options: {}, sentText: '', models: [model.id] },
      steps: { retrieved: { sources: [{ document_id: 'guide.md', text: expect.stringContaining('restarts its children') as string }], degraded: [] } },
      state: { answer: 'A supervisor', waiters: [{ session: 's' }] },
      settings: { geminiApiKeys: '[secret]', turnTimeoutMs: 30_000 },
      versions: { node: process.versions.node },
    });
    expect(capsule?.events?.map(({ event }) => event)).toEqual(['retrieving', 'retrieved', 'generating', 'failed']);
    const text = readFileSync(join(dataDir, 'crashes', `${capsule?.id}.json`), 'utf8');
    expect(text).not.toContain(KEY);
    expect(text).not.toContain('emulated-');
  });

  test('that makes a turn poison leaves one more, with the evidence of its last query', async () => {
    const model = new ScriptedModel();
    const { sessions, dataDir } = await startWithGuide(model);
    const answer = sessions.answer('s', ask('1'));
    for (let attempt = 0; attempt < 3; attempt += 1) (await model.nth(attempt)).fail(new TypeError('a bug'));
    const { turn } = await answer;
    const all = await capsules(dataDir, 4);
    const poison = all.find(({ actor }) => actor.id === 'session');
    expect(poison).toMatchObject({ reason: { code: 'TURN_POISONED' }, actor: { name: sessionName('s') }, question: { text: 'What does a supervisor do?' }, state: { turn, session: 's' } });
    expect(poison?.steps?.retrieved?.sources).toHaveLength(1);
  });

  test('of a part that works on no question leaves its reason', async () => {
    const { kernel, dataDir } = await startConversations({ models: [new ScriptedModel()] });
    await kernel.ask('conversations', { type: 'dance', tenant: 'default' }).catch(() => undefined);
    const [capsule] = await capsules(dataDir, 1);
    expect(capsule).toMatchObject({ actor: { id: 'conversations' }, reason: { message: expect.any(String) as string } });
    expect(capsule).not.toHaveProperty('question');
  });

  test('is none when somebody kills an actor or a turn ends by a designed failure', async () => {
    const model = new ScriptedModel();
    const { sessions, kernel, dataDir } = await startConversations({ models: [model] });
    const answer = sessions.answer('s', ask('1'));
    await model.nth(0);
    kernel.kill(sessionName('s'));
    (await model.nth(0)).say('Still.').finish();
    await answer;
    expect(existsSync(join(dataDir, 'crashes'))).toBe(false);
  });

  test('with which the process ends at once is written all the same', async () => {
    const dataDir = temporaryDirectory();
    const ended = spawn(process.execPath, [CRASHING_PROCESS, join(dataDir, 'crashes')], { stdio: 'inherit' });
    expect((await once(ended, 'close'))[0]).toBe(1);
    const all = await capsules(dataDir, 2);
    expect(all.map(({ reason }) => reason.message).toSorted()).toEqual(['the first', 'the last']);
  });

  test('on a disk that takes no capsule harms nothing', async () => {
    const model = new ScriptedModel();
    const dataDir = temporaryDirectory();
    writeFileSync(join(dataDir, 'crashes'), 'a file where the directory would be');
    const { sessions } = await startConversations({ models: [model], dataDir });
    const answer = sessions.answer('s', ask('1'));
    (await model.nth(0)).fail(new TypeError('a bug'));
    (await model.nth(1)).say('Fine.').finish();
    expect((await answer).outcome).toMatchObject({ state: 'answered', end: { answer: 'Fine.' } });
    rmSync(join(dataDir, 'crashes'));
  });
});
