import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '#src/ports/clock.ts';
import { readConfigFile } from '#config/config-file.ts';
import { loadConfig } from '#config/load.ts';
import type { Config } from '#config/schema.ts';
import { useProxy } from '#src/adapters/wire/proxy.ts';
import { EXTRACTIVE_MODEL_ID } from '#src/adapters/language-model/extractive.ts';
import type { LoggedFrame, StatusFrame } from '#src/ports/frame.ts';
import { createLanguageModels } from '#src/providers/language-models.ts';
import type { Capsule } from '#src/telemetry/capsules/capsule.ts';
import { describeCrash, readCapsule } from '#src/telemetry/capsules/capsule.ts';
import { describeReason } from '#supervisors/kernel/exit-reason.ts';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT } from '../command.ts';
import { Failure, UsageError } from '../failure.ts';
import type { ReplayOutcome } from '../replay/replay-query.ts';
import { replayQuery } from '../replay/replay-query.ts';
import type { Terminal } from '../terminal.ts';
import { counted, paint, printable } from '../terminal.ts';

/** `banyan replay`: the question of a crash once more, away from the service. */
export const replayCommand: Command = {
  usage: 'replay <file> [options]',
  doc: [
    'Runs the question of a crash capsule again, on the evidence that the capsule holds, and tells what happens.',
    'Capsules lie in BANYAN_DATA_DIR/crashes; GET /admin/crashes lists them. No service and no network is needed.',
    'Exits with 1 when it crashes again.',
  ].join('\n'),
  options: { model: { value: 'ID', doc: `who answers, with the credentials of the settings; ${EXTRACTIVE_MODEL_ID} where absent` } },
  takesPositionals: true,
  run: replay,
};

async function replay({ positionals, texts }: Arguments, { env, cwd, stdout }: Context): Promise<number> {
  const [path, ...surplus] = positionals;
  if (path === undefined || surplus.length > 0) throw new UsageError('banyan replay needs one file: banyan replay data/crashes/<id>.json');
  const capsule = await open(resolve(cwd, path));
  const config = loadConfig(env, { file: await readConfigFile(env) });
  tellCapsule(capsule, stdout);
  const { question, steps } = capsule;
  if (question === undefined) throw new Failure(`${path} holds no question: ${capsule.actor.name} worked on none, so there is nothing to run again`);
  const model = texts['model'] ?? EXTRACTIVE_MODEL_ID;
  const candidates = createLanguageModels(config, systemClock)(model);
  const leaveProxy = texts['model'] === undefined ? (): void => undefined : openProxy(env);
  try {
    stdout.say(`Runs again with ${model}:`);
    return tellOutcome(await replayQuery({ question, retrieved: steps?.retrieved, config: offline(config), candidates, onFrame: (frame) => tellFrame(frame, stdout) }), stdout);
  } finally {
    leaveProxy();
  }
}

async function open(path: string): Promise<Capsule> {
  try {
    return readCapsule(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Failure(`${path} cannot be replayed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** As `serve` asks models: through the same proxy. */
function openProxy(env: Context['env']): () => void {
  try {
    return useProxy(env);
  } catch (error) {
    throw new Failure(`the proxy of the environment cannot be used: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Nobody else asks: no limit stands in the way. */
function offline(config: Config): Config {
  return { ...config, rateLimit: 0 };
}

function tellCapsule({ at, actor, reason, question, steps, versions, events = [] }: Capsule, stdout: Terminal): void {
  const found = steps?.retrieved === undefined ? 'the evidence was not found yet' : counted(steps.retrieved.sources.length, 'source');
  stdout.say(`${actor.name} crashed at ${at}, banyan ${versions['banyan'] ?? '?'}`);
  stdout.say(printable(`  ${reason.name}: ${reason.message}`));
  for (const { at: time, event, ...details } of events) stdout.say(printable(`  ${time} ${event} ${JSON.stringify(details)}`));
  if (question !== undefined) stdout.say(printable(`Question: ${question.text} (${found})`));
}

function tellFrame(frame: LoggedFrame | StatusFrame, stdout: Terminal): void {
  if (frame.type === 'status') stdout.say(`  ${frame.stage}`);
  if (frame.type === 'sources') stdout.say(`  ${counted(frame.sources.length, 'source')}`);
  if (frame.type === 'answer-delta') stdout.say(printable(`  said ${JSON.stringify(frame.text)}`));
}

function tellOutcome(outcome: ReplayOutcome, stdout: Terminal): number {
  switch (outcome.type) {
    case 'query.answered':
      stdout.say(printable(`It answered (${outcome.answer.model}, ${outcome.answer.finish}): ${outcome.answer.answer}`));
      return EXIT.ok;
    case 'query.failed':
      stdout.say(`It failed as designed: ${outcome.error.code}: ${outcome.error.message}`);
      return EXIT.ok;
    case 'crashed': {
      const { reason } = outcome;
      stdout.say(paint('It crashed again:', 'red', stdout.hasColor));
      stdout.say(printable(reason.kind === 'error' ? (describeCrash(reason.error).stack ?? describeReason(reason)) : describeReason(reason)));
      return EXIT.failed;
    }
  }
}
