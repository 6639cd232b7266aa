import { describe, expect, test } from 'vitest';
import { QUERIES } from '#agents/query/query.agent.ts';
import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import { ChatClient } from '../src/gateway/chat-client.ts';
import { index, QUESTION } from '../src/gateway/rest-client.ts';
import { ScriptedModel } from '../support/scripted-model.ts';
import type { TestApplication } from '../support/start-application.ts';
import { startApplication } from '../support/start-application.ts';

const NEWER = { id: 'guides/newer.md', text: '# Supervisor\n\nA supervisor is what the newer guide says: a supervisor of supervisors.' };

function queryOf({ kernel }: TestApplication): string {
  const all = (info: ProcessInfo | undefined): readonly ProcessInfo[] => (info === undefined ? [] : [info, ...info.children.flatMap(all)]);
  return all(kernel.tree()).find(({ name }) => name === QUERIES)?.children[0]?.name ?? '';
}

/** A question in mid-answer whose documents have been added to since. */
async function asked(): Promise<{ model: ScriptedModel; service: TestApplication; client: ChatClient; sources: unknown }> {
  const model = new ScriptedModel();
  const service = await startApplication({ models: [model], env: { BANYAN_DRAIN_TIMEOUT_MS: '0' } });
  await index(service.url);
  const client = await ChatClient.open(service.url);
  client.ask('q1', QUESTION);
  (await model.nth(0)).say('One ');
  await client.ofType('answer-delta');
  await index(service.url, [NEWER]);
  return { model, service, client, sources: (await client.ofType('sources'))['sources'] };
}

describe('the evidence that a client was sent', () => {
  test('is what the rest of its answer is made of when the query dies, whatever the documents say by now', async () => {
    const { model, service, client, sources } = await asked();
    service.kernel.kill(queryOf(service));
    const again = await model.nth(1);
    again.say('One two.').finish();
    const end = await client.ofType('answer-end');
    expect([again.request.sources, end['sources'], end['answer']]).toEqual([sources, sources, 'One two.']);
    expect(client.frames.filter(({ type }) => type === 'sources')).toHaveLength(1);
  });

  test('and when the process was replaced', async () => {
    const { service, client, sources } = await asked();
    const session = await client.session();
    await service.stop();
    const after = new ScriptedModel();
    const { url } = await startApplication({ models: [after], dataDir: service.dataDir });
    const again = await after.nth(0);
    again.say('One two.').finish();
    const back = await ChatClient.open(url, `?session=${session}&after=${client.seqs.at(-1)}`);
    const end = await back.ofType('answer-end');
    expect([again.request.sources, end['sources'], end['answer']]).toEqual([sources, sources, 'One two.']);
  });

  test('is in the end of an answer that is stopped before it was asked for again', async () => {
    const { model, service, client, sources } = await asked();
    service.kernel.kill(queryOf(service));
    await model.nth(1);
    client.send({ type: 'cancel', turn: (await client.ofType('accepted')).turn });
    expect(await client.ofType('answer-end')).toMatchObject({ finish: 'cancelled', answer: 'One', sources });
  });

  test('of others is not shared: who asks the same later is answered from the documents of now', async () => {
    const { model, service, client } = await asked();
    service.kernel.kill(queryOf(service));
    await model.nth(1);
    const other = await ChatClient.open(service.url);
    other.ask('q2', QUESTION);
    const found = (await model.nth(2)).request.sources.map(({ document_id }) => document_id);
    expect(found).toContain(NEWER.id);
    for (const stream of model.streams.slice(1)) stream.say('One two.').finish();
    await client.ofType('answer-end');
    await other.ofType('answer-end');
  });
});
