import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkGemini, createGeminiModel } from '#src/adapters/language-model/gemini.ts';
import type { GeminiOptions } from '#src/adapters/language-model/gemini-client.ts';
import { eventually } from '../../../support/eventually.ts';
import type { Emulator } from '../../../support/emulators/emulator.ts';
import { startGemini } from '../../../support/emulators/gemini/gemini.ts';
import { accessToken } from '../../../support/emulators/gemini/token.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { failureIn } from '../failure-in.ts';
import { scrubEnvironment } from '../scrub-environment.ts';
import { collect, EXAMPLE_ANSWER, exampleRequest, say } from './generation.ts';

/** What the exchange of tokens (RFC 8693) of the next sign-in does. */
let exchange: 'grants' | 'refuses' | 'hangs' = 'grants';

describe('a Gemini model of Vertex AI', () => {
  scrubEnvironment();
  let emulator: Emulator;
  let signIn: Server;
  let credentialsFile: string;
  let tokenUrl: string;
  let waiting = 0;
  beforeAll(async () => {
    emulator = await startGemini();
    signIn = createServer((request, response) => {
      request.resume();
      if (exchange === 'hangs') return void (waiting += 1);
      response.writeHead(exchange === 'grants' ? 200 : 400, { 'content-type': 'application/json' });
      const granted = { access_token: accessToken(), issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', token_type: 'Bearer', expires_in: 3600 };
      response.end(JSON.stringify(exchange === 'grants' ? granted : { error: 'invalid_grant' }));
    });
    await new Promise<void>((resolve) => void signIn.listen(0, '127.0.0.1', resolve));
    const address = signIn.address();
    tokenUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/token`;
  });
  beforeEach(async () => {
    waiting = 0;
    const directory = temporaryDirectory();
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, 'a workload says who it is');
    credentialsFile = join(directory, 'credentials.json');
    const credentials = {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: tokenUrl,
      credential_source: { file: tokenFile },
    };
    await writeFile(credentialsFile, JSON.stringify(credentials));
  });
  afterAll(async () => {
    signIn.closeAllConnections();
    await new Promise<void>((resolve) => void signIn.close(() => resolve()));
    await emulator.close();
  });
  const options = (changes: object = { credentialsFile }): GeminiOptions => ({
    model: 'gemini-3.8-flash',
    baseUrl: emulator.url,
    vertex: { project: 'my-project', location: 'europe-west4', ...changes },
  });

  test('signs in with credentials of its own and asks in its project and location', async () => {
    exchange = 'grants';
    vi.stubEnv('GOOGLE_VERTEX_BASE_URL', 'http://127.0.0.1:9');
    vi.stubEnv('GOOGLE_API_KEY', 'another');
    expect(await say(createGeminiModel(options()), exampleRequest())).toBe(EXAMPLE_ANSWER);
    const { path, headers } = emulator.requests.at(-1) ?? {};
    expect(path).toBe('/v1/projects/my-project/locations/europe-west4/publishers/google/models/gemini-3.8-flash:streamGenerateContent?alt=sse');
    expect(headers?.authorization).toBe(`Bearer ${accessToken()}`);
    expect(headers?.['x-goog-api-key']).toBeUndefined();
  });

  test("signs in by Google's own chain where it has none", async () => {
    exchange = 'grants';
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', credentialsFile);
    expect(await say(createGeminiModel(options({})), exampleRequest())).toBe(EXAMPLE_ANSWER);
  });

  test('says auth when the sign-in is refused', async () => {
    exchange = 'refuses';
    const before = emulator.requests.length;
    expect(await failureIn(say(createGeminiModel(options()), exampleRequest()))).toMatchObject({ failure: 'auth' });
    expect(await failureIn(checkGemini(options(), new AbortController().signal))).toMatchObject({ failure: 'auth' });
    expect(await failureIn(say(createGeminiModel(options({ credentialsFile: '/nowhere.json' })), exampleRequest()))).toMatchObject({ failure: 'auth' });
    expect(emulator.requests.length).toBe(before);
  });

  test('ends silently when aborted while the sign-in hangs', async () => {
    exchange = 'hangs';
    const controller = new AbortController();
    const collected = collect(createGeminiModel(options()), exampleRequest(), controller.signal);
    await eventually(() => expect(waiting).toBe(1));
    controller.abort();
    expect(await collected).toMatchObject({ text: '', ends: [], error: undefined });
  });
});
