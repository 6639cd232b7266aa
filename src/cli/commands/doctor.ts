import type { Config } from '#config/schema.ts';
import { useProxy } from '#src/adapters/wire/proxy.ts';
import { neededNode, version } from '#src/version.ts';
import type { Command, Context } from '../command.ts';
import { EXIT } from '../command.ts';
import { checkCollections } from '../doctor/check-collections.ts';
import { checkData, checkDisk } from '../doctor/check-data.ts';
import { checkNode } from '../doctor/check-node.ts';
import { findProviders } from '../doctor/check-providers.ts';
import { checkService } from '../doctor/check-service.ts';
import { checkSettings } from '../doctor/check-settings.ts';
import type { Finding } from '../doctor/finding.ts';
import { renderFindings } from '../doctor/finding.ts';

/** `banyan doctor`: what keeps the service from running well, one line for each thing looked at. */
export const doctorCommand: Command = {
  usage: 'doctor',
  doc: 'Looks at Node, the settings, the port, the data directory, its databases and its disk, asks each provider of models and vectors for a word, and says what to do. It changes nothing. Exits with 1 when something fails.',
  options: {},
  takesPositionals: false,
  run: async (_args, context) => doctor(context),
};

async function doctor({ env, stdout }: Context): Promise<number> {
  const { findings, config } = await checkSettings(env);
  const all = [
    { status: 'ok', subject: 'banyan', message: `version ${version}` } as const,
    checkNode(process.versions.node, neededNode),
    ...findings,
    ...(config === undefined ? [] : await checkSurroundings(config)),
    ...(config === undefined ? [] : await askProviders(config, env)),
  ];
  for (const line of renderFindings(all, stdout)) stdout.say(line);
  return all.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
}

async function checkSurroundings(config: Config): Promise<readonly Finding[]> {
  const { finding, isServing } = await checkService(config);
  return [finding, ...(await checkData(config.dataDir, isServing)), ...(await checkCollections(config)), await checkDisk(config.dataDir)];
}

/** As `serve` asks them: through the same proxy. */
async function askProviders(config: Config, env: Context['env']): Promise<readonly Finding[]> {
  let leaveProxy: () => void;
  try {
    leaveProxy = useProxy(env);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return [{ status: 'fail', subject: 'proxy', message: error.message, advice: 'correct it in the environment' }];
  }
  try {
    return await findProviders(config);
  } finally {
    leaveProxy();
  }
}
