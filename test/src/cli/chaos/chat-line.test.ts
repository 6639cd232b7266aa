import { expect, test } from 'vitest';
import { ChatLine } from '#src/cli/chaos/chat-line.ts';
import type { Breach } from '#src/cli/chaos/session-account.ts';
import { SessionAccount } from '#src/cli/chaos/session-account.ts';
import { eventually } from '../../../support/eventually.ts';
import { ScriptedModel } from '../../../support/scripted-model.ts';
import { startApplication } from '../../../support/start-application.ts';
import { connectClient } from '../../client/connect-client.ts';
import { index, QUESTION } from '../../gateway/rest-client.ts';

test('a line that breaks in mid-answer loses what comes meanwhile, and the account is whole when it is back', async () => {
  const model = new ScriptedModel();
  const { url } = await startApplication({ models: [model] });
  await index(url);
  const breaches: Breach[] = [];
  const returns: number[] = [];
  const account = new SessionAccount((breach) => breaches.push(breach));
  const line = new ChatLine(account, (returnMs) => returns.push(returnMs));
  const answer = connectClient(url, { WebSocket: line.WebSocket }).ask(QUESTION);
  const stream = (await model.nth(0)).say('one');
  const turns = (): unknown => [...account.turns.values()];
  await eventually(() => expect(turns()).toMatchObject([{ text: 'one', ends: 0 }]));
  line.serviceKilled(performance.now());
  line.break(0);
  stream.say(' two').say(' three').finish();
  expect(await answer.text()).toBe('one two three');
  expect(turns()).toMatchObject([{ text: 'one two three', ends: 1 }]);
  expect([breaches, account.snapshots, returns.length]).toEqual([[], 0, 1]);
});
