import type { Config, Environment } from '#config/schema.ts';
import { CONFIG_FILE_ENV, DEFAULT_CONFIG_FILE } from '#config/schema.ts';
import { ServiceError } from '#src/errors.ts';
import { readSettings } from '../service-url.ts';
import type { Finding } from './finding.ts';

/** Reads the settings; `config` is undefined when one of them is wrong, and each wrong one is a finding. */
export async function checkSettings(env: Environment): Promise<{ readonly findings: readonly Finding[]; readonly config: Config | undefined }> {
  try {
    const config = await readSettings(env);
    return { findings: [{ status: 'ok', subject: 'settings', message: 'valid' }], config };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const advice = `correct it in the environment or in ${env[CONFIG_FILE_ENV] ?? DEFAULT_CONFIG_FILE}`;
    const findings = error.message.split('\n').map((message): Finding => ({ status: 'fail', subject: 'settings', message, advice }));
    return { findings, config: undefined };
  }
}
