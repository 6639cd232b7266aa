import type { EmulatorAnswer } from '../emulator.ts';
import { Refusal } from '../emulator.ts';

const GRANT_TYPES = ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'refresh_token'];
const LIFETIME_S = 3600;

/** What the emulated Vertex AI accepts as a Bearer token. */
export function accessToken(): string {
  return 'ya29.emulated-access-token';
}

/** The token endpoint of Google's OAuth for a service account's signed claims (RFC 7523) or a refresh token. Signatures are not checked. */
export function grantToken(body: Buffer): EmulatorAnswer {
  const form = new URLSearchParams(body.toString('utf8'));
  const grantType = form.get('grant_type') ?? '';
  if (!GRANT_TYPES.includes(grantType)) refuseGrant('unsupported_grant_type', 'Invalid grant_type.');
  if (grantType === 'refresh_token' ? !form.has('refresh_token') : !isCurrent(form.get('assertion') ?? '')) {
    refuseGrant('invalid_grant', 'Invalid JWT: expected three parts and a time that is neither over nor to come.');
  }
  return { body: JSON.stringify({ access_token: accessToken(), expires_in: LIFETIME_S, token_type: 'Bearer' }) };
}

function isCurrent(assertion: string): boolean {
  const [, claims, signature] = assertion.split('.');
  if (claims === undefined || signature === undefined) return false;
  const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { readonly iat?: number; readonly exp?: number };
  const nowS = Date.now() / 1000;
  return typeof iat === 'number' && typeof exp === 'number' && iat <= nowS + 60 && exp > nowS;
}

function refuseGrant(error: string, description: string): never {
  throw new Refusal({ status: 400, body: JSON.stringify({ error, error_description: description }) });
}
