import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GEMINI_KEY, startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { eventually } from '../../../support/eventually.ts';
import { runCli } from '../../../support/run-cli.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { call, index, QUESTION } from '../../gateway/rest-client.ts';

const SOURCE = { id: 'c1#1#0', document_id: 'guides/supervision.md', title: 'Supervision', text: 'A supervisor is a process that watches its children.', score: 1 };

const CAPSULE = {
  format: 1,
  id: '2026-11-21T14-03-07.512Z-query-5f0c1a',
  at: '2026-11-21T14:03:07.512Z',
  actor: { id: 'query', name: 'query:abc', supervisor: 'queries' },
  reason: { name: 'TypeError', message: 'a bug of then' },
  question: { text: QUESTION, options: {}, sentText: '' },
  steps: { retrieved: { sources: [SOURCE], terms: ['supervisor'], statistics: { chunkCount: 1, documentFrequency: { supervisor: 1 } }, degraded: [] } },
  state: {},
  events: [{ at: '2026-11-21T14:03:07.500Z', event: 'retrieving' }],
  versions: { banyan: '1.0.0' },
  settings: {},
};

function capsuleFile(capsule: unknown): string {
  const path = join(temporaryDirectory(), 'crash.json');
  writeFileSync(path, typeof capsule === 'string' ? capsule : JSON.stringify(capsule));
  return path;
}

describe('banyan replay', () => {
  test('runs the question of a crash again on its evidence, without the service and its documents', async () => {
    const model = new ScriptedModel();
    const service = await startApplication({ models: [model] });
    await index(service.url);
    const answer = call(`${service.url}/query`, 'POST', { question: QUESTION });
    (await model.nth(0)).fail(new TypeError('a bug of then'));
    (await model.nth(1)).say('Fine.').finish();
    await answer;
    const [id] = await eventually(async () => {
      const { body } = await call(`${service.url}/admin/crashes`);
      expect(body['crashes']).toHaveLength(1);
      return (body['crashes'] as { id: string }[]).map((crash) => crash.id);
    });
    await service.stop();
    const { status, stdout, stderr } = await runCli(['replay', join(service.dataDir, 'crashes', `${id ?? ''}.json`)]);
    expect([status, stderr]).toEqual([0, '']);
    for (const line of ['TypeError: a bug of then', `Question: ${QUESTION} (1 source)`, 'generating', 'It answered (extractive:quotes, stop): A supervisor is a process that watches its children.']) {
      expect(stdout).toContain(line);
    }
  });

  test('shows the crash, with its stack, when it comes again, and ends with 1', async () => {
    const broken = { ...CAPSULE, steps: { retrieved: { ...CAPSULE.steps.retrieved, sources: [{ ...SOURCE, text: null }] } } };
    const { status, stdout } = await runCli(['replay', capsuleFile(broken)]);
    expect(stdout).toMatch(/It crashed again:\nTypeError: .*\n {4}at /);
    expect(status).toBe(1);
  });

  test('goes on behind the text that was sent before the crash', async () => {
    const sentText = 'A supervisor is a ';
    const { status, stdout } = await runCli(['replay', capsuleFile({ ...CAPSULE, question: { ...CAPSULE.question, sentText } })]);
    expect(stdout).toContain(`said ${JSON.stringify(sentText)}`);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/It answered \([^)]*\): A supervisor is a /)]);
  });

  test('asks the model that --model names', async () => {
    const gemini = await startGemini({});
    onTestFinished(() => gemini.close());
    const env = { GEMINI_API_KEY: GEMINI_KEY, GOOGLE_GEMINI_BASE_URL: gemini.url };
    const { status, stdout } = await runCli(['replay', capsuleFile(CAPSULE), '--model', 'gemini:gemini-3.8-flash'], { env });
    expect([status, stdout]).toEqual([0, expect.stringContaining('It answered (gemini:gemini-3.8-flash, stop): A supervisor')]);
    expect(gemini.requests).toHaveLength(1);
  });

  test('runs without evidence where the crash came before it', async () => {
    const { status, stdout } = await runCli(['replay', capsuleFile({ ...CAPSULE, steps: {} })]);
    expect(stdout).toContain('the evidence was not found yet');
    expect(status).toBe(0);
  });

  test.for([
    ['no JSON', '{"format":', 'it is no JSON'],
    ['something else', '{"a":1}', 'it is no crash capsule'],
    ['one of a later format', JSON.stringify({ ...CAPSULE, format: 2 }), 'it has format 2; this program reads 1'],
    ['one that is damaged', JSON.stringify({ format: 1 }), 'it is damaged'],
    ['one of an actor that worked on no question', JSON.stringify({ ...CAPSULE, question: undefined }), 'holds no question'],
  ] as const)('refuses a file that is %s', async ([, text, message]) => {
    const { status, stderr } = await runCli(['replay', capsuleFile(text)]);
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  });

  test('refuses a file that is not there, and no file', async () => {
    expect(await runCli(['replay', 'no-such.json'])).toMatchObject({ status: 1, stderr: expect.stringContaining('no-such.json cannot be replayed') as string });
    expect(await runCli(['replay'])).toMatchObject({ status: 2, stderr: expect.stringContaining('needs one file') as string });
  });
});
