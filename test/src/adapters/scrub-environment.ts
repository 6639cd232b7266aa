import { afterEach, beforeEach, vi } from 'vitest';

/** For each test takes away what would redirect a provider's SDK or give it other credentials, and sets `environment`. */
export function scrubEnvironment(environment: Readonly<Record<string, string>> = {}): void {
  beforeEach(() => {
    const redirecting = Object.keys(process.env).filter((name) => /^(?:AWS|GOOGLE|GEMINI|OPENAI|PINECONE)_|_proxy$/i.test(name));
    for (const name of redirecting) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  });
  afterEach(() => void vi.unstubAllEnvs());
}
