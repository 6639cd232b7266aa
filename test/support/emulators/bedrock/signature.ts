import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RecordedRequest } from '../emulator.ts';
import { refuse } from './refusals.ts';

export interface AwsAccount {
  readonly secretAccessKey: string;
  /** Of temporary credentials: every request has to carry it. */
  readonly sessionToken?: string;
  /** Milliseconds since 1970 after which the session token is refused. */
  readonly expiresAtMs?: number;
}

export interface SignatureRules {
  readonly accounts: ReadonlyMap<string, AwsAccount>;
  readonly bearerKeys: ReadonlySet<string>;
  readonly region: string;
  /** The emulator's clock, milliseconds since 1970. */
  readonly nowMs: () => number;
}

interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const ALLOWED_SKEW_MS = 5 * 60_000;
const SERVICE = 'bedrock';

/** Checks a bearer key or an AWS Signature Version 4 as the real service does. Throws Refusal. */
export function checkAuthorization(request: RecordedRequest, rules: SignatureRules): void {
  const header = request.headers.authorization;
  if (header === undefined) throw refuse('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (header.startsWith('Bearer ')) return checkBearer(header.slice('Bearer '.length), rules);
  const authorization = parseAuthorization(header);
  const account = rules.accounts.get(authorization.accessKeyId);
  if (account === undefined) throw refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
  checkSession(request, account, rules.nowMs());
  checkScope(authorization, rules.region);
  checkDate(request, authorization, rules.nowMs());
  checkSignedHeaders(request, authorization);
  const expected = signatureOf(request, authorization, account.secretAccessKey);
  if (!isSame(expected, authorization.signature)) {
    throw wrongSignature('The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.');
  }
}

function wrongSignature(message: string) {
  return refuse('InvalidSignatureException', message);
}

function checkBearer(key: string, rules: SignatureRules): void {
  if (!rules.bearerKeys.has(key)) throw refuse('AccessDeniedException', 'Authentication failed: Please make sure your API Key is valid.');
}

function parseAuthorization(header: string): Authorization {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/,]+)\/([^/,]+)\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/.exec(header);
  if (match === null) throw refuse('IncompleteSignatureException', 'The Authorization header is not a complete AWS Signature Version 4.');
  const [, accessKeyId = '', date = '', region = '', service = '', signedHeaders = '', signature = ''] = match;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

function checkSession(request: RecordedRequest, account: AwsAccount, nowMs: number): void {
  const token = request.headers['x-amz-security-token'];
  if (token !== account.sessionToken) throw refuse('UnrecognizedClientException', 'The security token included in the request is invalid.');
  if (account.expiresAtMs !== undefined && nowMs >= account.expiresAtMs) {
    throw refuse('ExpiredTokenException', 'The security token included in the request is expired');
  }
}

function checkScope(authorization: Authorization, region: string): void {
  if (authorization.region !== region) throw wrongSignature(`Credential should be scoped to a valid region, not '${authorization.region}'.`);
  if (authorization.service !== SERVICE) throw wrongSignature(`Credential should be scoped to correct service: '${SERVICE}'.`);
}

function checkDate(request: RecordedRequest, authorization: Authorization, nowMs: number): void {
  const date = amzDate(request);
  const signedMs = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(signedMs)) throw refuse('IncompleteSignatureException', "Date must be in ISO-8601 'basic format'.");
  if (!date.startsWith(authorization.date)) throw wrongSignature('Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.');
  const now = basicDate(nowMs);
  if (signedMs < nowMs - ALLOWED_SKEW_MS) {
    throw wrongSignature(`Signature expired: ${date} is now earlier than ${basicDate(nowMs - ALLOWED_SKEW_MS)} (${now} - 5 min.)`);
  }
  if (signedMs > nowMs + ALLOWED_SKEW_MS) {
    throw wrongSignature(`Signature not yet current: ${date} is still later than ${basicDate(nowMs + ALLOWED_SKEW_MS)} (${now} + 5 min.)`);
  }
}

function checkSignedHeaders(request: RecordedRequest, authorization: Authorization): void {
  const mustBeSigned = ['host', ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))];
  for (const name of mustBeSigned) {
    if (!authorization.signedHeaders.includes(name)) throw wrongSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
  }
  const declaredHash = request.headers['x-amz-content-sha256'];
  if (declaredHash !== undefined && declaredHash !== sha256(request.body)) {
    throw wrongSignature("The value for 'x-amz-content-sha256' does not match the body.");
  }
}

function signatureOf(request: RecordedRequest, authorization: Authorization, secretAccessKey: string): string {
  const scope = `${authorization.date}/${authorization.region}/${authorization.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', amzDate(request), scope, sha256(canonicalRequest(request, authorization.signedHeaders))].join('\n');
  const parts = [authorization.date, authorization.region, authorization.service, 'aws4_request'];
  const key = parts.reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
}

function canonicalRequest(request: RecordedRequest, signedHeaders: readonly string[]): string {
  const [rawPath = '', query = ''] = request.rawPath.split('?', 2);
  const headers = signedHeaders.map((name) => `${name}:${String(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [request.method, canonicalPath(rawPath), canonicalQuery(query), headers.join(''), signedHeaders.join(';'), sha256(request.body)].join('\n');
}

/** Every service but S3 signs the path encoded a second time: the `%3A` on the wire is `%253A` in what is signed. */
function canonicalPath(rawPath: string): string {
  return rawPath.split('/').map(encodeRfc3986).join('/');
}

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`);
  return pairs.sort().join('&');
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function amzDate(request: RecordedRequest): string {
  const date = request.headers['x-amz-date'];
  if (typeof date !== 'string') throw refuse('IncompleteSignatureException', "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
  return date;
}

function basicDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
