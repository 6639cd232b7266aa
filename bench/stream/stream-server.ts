import { loadConfig } from '#config/load.ts';
import { startService } from '#src/service.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { createPacedModel } from './paced-model.ts';

/** The service with a paced model in the place of its own: `node stream-server.ts <deltas>`, settings from the environment. */
const config = loadConfig(process.env);
const loggerFor = await createLogging({ level: config.logLevel, isPretty: false });
const service = await startService({ config, loggerFor, models: [createPacedModel(Number(process.argv[2]))] });
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)));
