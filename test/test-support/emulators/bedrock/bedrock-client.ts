import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY } from '../../../support/emulators/bedrock/bedrock.ts';

export interface Credentials {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** The real SDK with everything pinned that the environment could redirect. */
export function signedClient(url: string, credentials: Credentials = {}, region = AWS_REGION): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    ...transport(url, region),
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, ...credentials },
    authSchemePreference: ['sigv4'],
  });
}

export function bearerClient(url: string, key: string): BedrockRuntimeClient {
  return new BedrockRuntimeClient({ ...transport(url, AWS_REGION), token: { token: key }, authSchemePreference: ['httpBearerAuth'] });
}

function transport(endpoint: string, region: string) {
  return { endpoint, region, maxAttempts: 1, requestHandler: new NodeHttpHandler({ connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true }) };
}
