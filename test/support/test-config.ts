import type { Environment } from '#config/schema.ts';
import type { Config } from '#config/schema.ts';
import { loadConfig } from '#config/load.ts';

/** Settings of a service that stands alone: a free port, no seeding, no rate limit, unless a test says otherwise. */
export function testConfig(dataDir: string, overrides: Environment = {}): Config {
  return loadConfig({
    BANYAN_DATA_DIR: dataDir,
    BANYAN_PORT: '0',
    BANYAN_LOG_LEVEL: 'silent',
    BANYAN_SEED_ON_FIRST_RUN: 'false',
    BANYAN_RATE_LIMIT: '0',
    ...overrides,
  });
}
