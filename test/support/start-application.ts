import { gatewayUrl } from '#agents/gateway/gateway.agent.ts';
import type { Environment } from '#config/schema.ts';
import type { LanguageModel } from '#src/ports/language-model.ts';
import type { Service } from '#src/service.ts';
import { startService } from '#src/service.ts';
import { createLogging } from '#src/telemetry/logger.ts';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary-directory.ts';
import { testConfig } from './test-config.ts';

export interface ApplicationOptions {
  readonly env?: Environment;
  /** Another one for a second service on the same data. @defaultValue a new one that goes with the test */
  readonly dataDir?: string;
  readonly models?: readonly LanguageModel[];
}

export interface TestApplication extends Service {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly dataDir: string;
}

/** The whole service as `npm start` runs it, from sources, on a free port; it ends with the test. */
export async function startApplication(options: ApplicationOptions = {}): Promise<TestApplication> {
  const dataDir = options.dataDir ?? temporaryDirectory();
  const config = testConfig(dataDir, options.env);
  const loggerFor = await createLogging({ level: config.logLevel, isPretty: false });
  const service = await startService({ config, loggerFor, ...(options.models === undefined ? {} : { models: options.models }) });
  onTestFinished(() => service.stop());
  return { ...service, url: gatewayUrl(service.kernel), dataDir };
}
