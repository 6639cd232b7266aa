import type { Config } from '#config/schema.ts';
import type { ProviderError, ProviderFailure } from '#src/ports/provider-error.ts';
import { checkProviders, PROBE_TIMEOUT_MS } from '#src/providers/check-providers.ts';
import type { ProviderCheck, ProviderOutcome, ProviderRole } from '#src/providers/check-providers.ts';
import type { Finding } from './finding.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { settingsOf } from './provider-settings.ts';

const MAX_DETAIL_LENGTH = 160;

/** A finding for each way to each provider of the settings; none where no provider is set. */
export async function findProviders(config: Config): Promise<readonly Finding[]> {
  return (await checkProviders(config)).map((check) => describeCheck(config, check));
}

export function describeCheck(config: Config, { role, part, outcome }: ProviderCheck): Finding {
  const settings = settingsOf(config, role, part);
  switch (outcome.kind) {
    case 'usable':
      return { status: 'ok', subject: role, message: `${outcome.account} ${SUCCESS[role]}${dimensionsOf(outcome)}` };
    case 'absent':
      return { status: 'ok', subject: role, message: `${outcome.account} does not exist yet; the first document makes it` };
    case 'unused':
      return { status: 'warn', subject: role, message: `${part} is not used: there is no embedding model`, advice: 'set BANYAN_EMBEDDING_MODEL' };
    case 'mismatch':
      return describeMismatch(role, outcome);
    case 'misconfigured':
      return { status: 'fail', subject: role, message: outcome.error.message };
    default:
      return describeFailure(role, settings, outcome.error);
  }
}

const SUCCESS: Readonly<Record<ProviderRole, string>> = { model: 'answers', embeddings: 'makes vectors', vectors: 'is there', reranker: 'ranks' };

function dimensionsOf({ dimension }: { readonly dimension?: number }): string {
  return dimension === undefined ? '' : `, ${dimension} dimensions`;
}

function describeMismatch(role: ProviderRole, { account, found, needed }: Extract<ProviderOutcome, { readonly kind: 'mismatch' }>): Finding {
  const message = `${account} holds vectors of ${found} dimensions, and the embedding model makes ${needed}`;
  const advice = `set BANYAN_EMBEDDING_DIMENSION=${found} if the model can make them, or name another index in BANYAN_VECTOR_INDEX`;
  return { status: 'fail', subject: role, message, advice };
}

interface Sentence {
  readonly what: string;
  readonly advice: string;
  /** @defaultValue fail */
  readonly status?: 'warn';
}

function describeFailure(role: ProviderRole, settings: ProviderSettings, error: ProviderError): Finding {
  const { what, advice, status = 'fail' } = SENTENCES[error.failure]({ role, error, ...settings });
  return { status, subject: role, message: `${error.account} ${what}${detailOf(error)}`, advice };
}

/** What the provider or the network said, where it says more than the sentence. */
function detailOf({ account, message, failure }: ProviderError): string {
  if (failure === 'timeout') return '';
  const said = message.slice(`${account}: `.length).replaceAll(/\s+/g, ' ').trim();
  const shortened = said.length > MAX_DETAIL_LENGTH ? `${said.slice(0, MAX_DETAIL_LENGTH)}…` : said;
  return shortened === '' ? '' : ` (${shortened.replace(/[.;]$/, '')})`;
}

type Circumstances = ProviderSettings & { readonly role: ProviderRole; readonly error: ProviderError };

const SENTENCES: Readonly<Record<ProviderFailure, (about: Circumstances) => Sentence>> = {
  auth: ({ credentials }) => ({ what: 'does not accept the credentials', advice: `check ${credentials}` }),
  bad_request: (about) => ({ what: 'refuses what the settings ask of it', advice: refusalAdvice(about) }),
  not_found: ({ role, name }) =>
    role === 'vectors'
      ? { what: 'does not exist', advice: `make the index, or name one that exists in ${name}` }
      : { what: 'does not exist at the provider', advice: `name a model that exists in ${name}` },
  too_large: ({ name }) => ({ what: 'finds even one word too much', advice: `name another model in ${name}` }),
  rate_limited: () => ({ what: 'takes no more requests at the moment', advice: 'wait, or add a key or region', status: 'warn' }),
  quota: ({ credentials }) => ({ what: 'has no quota left', advice: `raise the quota of the account, or check ${credentials}` }),
  timeout: ({ address }) => ({ what: `does not answer within ${PROBE_TIMEOUT_MS / 1000} s`, advice: `check the network, HTTPS_PROXY and ${address}` }),
  aborted: () => ({ what: 'was not asked to the end', advice: 'run this again', status: 'warn' }),
  unavailable: ({ error, address }) =>
    error.status === undefined
      ? { what: 'cannot be reached', advice: `check the network, HTTPS_PROXY and ${address}` }
      : { what: `has a fault of its own, status ${error.status}`, advice: "wait, and look at the provider's status page" },
  blocked: () => ({ what: 'blocks the question by a safety rule', advice: 'check the guardrail or the rules of the account', status: 'warn' }),
  truncated: ({ address }) => ({ what: 'ends in the middle of its answer', advice: `check the proxy between, and ${address}` }),
  bad_response: (about) => ({ what: 'answers something else than it should', advice: misanswerAdvice(about) }),
};

function refusalAdvice({ role, name, address }: Circumstances): string {
  if (role === 'embeddings') return `check ${name}, BANYAN_EMBEDDING_DIMENSION and ${address}`;
  return `check ${name} and ${address}`;
}

/** Vectors of another length than set are the usual reason. */
function misanswerAdvice({ role, address }: Circumstances): string {
  return role === 'embeddings' ? `check BANYAN_EMBEDDING_DIMENSION and ${address}` : `check ${address}`;
}
