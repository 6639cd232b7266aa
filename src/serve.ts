import { readConfigFile } from '#config/config-file.ts';
import { loadConfig } from '#config/load.ts';
import type { Environment } from '#config/schema.ts';
import { useProxy } from './adapters/wire/proxy.ts';
import { ServiceError } from './errors.ts';
import type { Service } from './service.ts';
import { startService } from './service.ts';
import { createLogging } from './telemetry/logger.ts';

/** sysexits.h: the settings are wrong. */
const EXIT_CONFIG = 78;
/** A terminal and npm both pass one Ctrl-C on: a second signal within this time is the first one again. */
const SAME_SIGNAL_MS = 1000;

/**
 * Runs the service in this process until a signal ends it, then exits: 0 after a drain, 1 when the tree gave up or could
 * not start, 78 when the settings are wrong. Resolves once the service stands.
 */
export async function serve(env: Environment): Promise<void> {
  await start(env).catch(refuseToStart);
}

async function start(env: Environment): Promise<void> {
  const config = loadConfig(env, { file: await readConfigFile(env) });
  const loggerFor = await createLogging({ level: config.logLevel, isPretty: process.stdout.isTTY });
  const logger = loggerFor('service');
  useProxy(env);
  const service = await startService({ config, loggerFor });
  void service.ended.then((reason) => logger.info({ reason: reason.kind }, 'service has ended'));
  stopOnSignal(service, (message) => logger.info(message));
}

function stopOnSignal(service: Service, log: (message: string) => void): void {
  let firstAt: number | undefined;
  const onSignal = (signal: string): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      log(`${signal}: draining`);
      void service.stop().then(() => process.exit(0));
    } else if (now - firstAt > SAME_SIGNAL_MS) process.exit(1);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, onSignal);
  void service.ended.then(() => firstAt ?? process.exit(1));
}

function refuseToStart(error: unknown): never {
  if (!(error instanceof ServiceError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exit(error.code === 'CONFIG_INVALID' ? EXIT_CONFIG : 1);
}
