import type { AwsCredentialIdentity } from '@smithy/types';
import { ProviderError } from '#src/ports/provider-error.ts';
import { checkApiKey } from '../api-key.ts';
import { untilAborted } from '../wire/abort.ts';
import { networkFailure } from '../wire/failure.ts';

export interface BedrockAuthorizationOptions {
  readonly account: string;
  readonly region: string;
  readonly bearerToken?: string;
}

/** The headers that authorise one request. Rejects with ProviderError `auth` where there are no credentials. */
export type Authorize = (url: string, body: string, signal: AbortSignal) => Promise<Record<string, string>>;

const SERVICE = 'bedrock';

/**
 * Authorises requests as the SDK does: by a Bedrock API key, or signed (SigV4) with the credentials of the default
 * chain (environment, SSO, profile, process, web identity, container, instance), which refreshes them before they
 * expire.
 */
export function createBedrockAuthorization({ account, region, bearerToken }: BedrockAuthorizationOptions): Authorize {
  if (bearerToken !== undefined) {
    return async () => {
      checkApiKey(bearerToken, account);
      return { authorization: `Bearer ${bearerToken}` };
    };
  }
  let signer: Promise<Signer> | undefined;
  return async (url, body, signal) => {
    if (signal.aborted) throw networkFailure(account, signal.reason, signal);
    signer ??= loadSigner(region);
    // The chain takes no signal, and a metadata service may take its time.
    const signing = signer.then((sign) => sign(url, body));
    return await untilAborted(signing, signal).catch((error: unknown) => {
      if (signal.aborted) throw networkFailure(account, error, signal);
      throw new ProviderError('auth', account, 'no AWS credentials to sign with', { cause: error });
    });
  };
}

type Signer = (url: string, body: string) => Promise<Record<string, string>>;

async function loadSigner(region: string): Promise<Signer> {
  const [{ SignatureV4 }, { Hash }, { defaultProvider }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@smithy/core/serde'),
    import('@aws-sdk/credential-provider-node'),
  ]);
  const credentials: () => Promise<AwsCredentialIdentity> = defaultProvider({ clientConfig: { region } });
  const signer = new SignatureV4({ service: SERVICE, region, credentials, sha256: Hash.bind(null, 'sha256') });
  return async (url, body) => {
    const { protocol, hostname, port, host, pathname } = new URL(url);
    const request = {
      method: 'POST',
      protocol,
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      headers: { host, 'content-type': 'application/json' },
      body,
    };
    const { host: _host, ...headers } = (await signer.sign(request)).headers;
    return headers;
  };
}
