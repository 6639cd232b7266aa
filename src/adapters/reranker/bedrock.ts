import { ProviderError } from '#src/ports/provider-error.ts';
import type { Reranker } from '#src/ports/reranker.ts';
import { requestJson } from '../wire/request.ts';
import { createBedrockAuthorization } from './bedrock-authorization.ts';
import { checkDocuments } from './check-documents.ts';
import { scoresInOrder } from './check-scores.ts';
import type { RankedScore } from './check-scores.ts';

export interface BedrockRerankerOptions {
  /** An id such as `cohere.rerank-v3-5:0`, or the ARN of a model or an inference profile. */
  readonly model: string;
  readonly region: string;
  /** Of the agent runtime; that of AWS when absent. */
  readonly endpoint?: string;
  /** A Bedrock API key, instead of credentials to sign with. */
  readonly bearerToken?: string;
}

/** The service takes 1000 documents of 32,000 characters; a page of scores holds 100 for certain. */
const BATCH = { maxItems: 100, maxBytes: 1_000_000 };
const MAX_QUESTION_LENGTH = 9000;
const MAX_DOCUMENT_LENGTH = 32_000;

/**
 * Bedrock Rerank of the agent runtime, by plain fetch: its SDK would cost another 29 MB for one request. A document
 * beyond 32,000 characters is judged by its beginning.
 */
export function createBedrockReranker(options: BedrockRerankerOptions): Reranker {
  const { model, region } = options;
  const account = `bedrock/${region}/${model}`;
  const url = `${(options.endpoint ?? defaultEndpoint(region)).replace(/\/+$/, '')}/rerank`;
  const authorize = createBedrockAuthorization({ ...options, account });
  return {
    id: `bedrock:${model}`,
    account,
    batch: BATCH,
    async rerank(question, documents, signal) {
      if (documents.length === 0) return [];
      checkDocuments(question, documents, BATCH, account);
      const body = JSON.stringify(requestFor(modelArn(model, region), question, documents));
      const headers = await authorize(url, body, signal);
      const answer = await requestJson({ account, url, method: 'POST', headers, body, signal });
      return scoresInOrder(rankedIn(answer.body, account), documents.length, account);
    },
  };
}

function requestFor(arn: string, question: string, documents: readonly string[]): unknown {
  return {
    queries: [{ type: 'TEXT', textQuery: { text: beginningOf(question, MAX_QUESTION_LENGTH) } }],
    sources: documents.map((text) => ({
      type: 'INLINE',
      inlineDocumentSource: { type: 'TEXT', textDocument: { text: beginningOf(text, MAX_DOCUMENT_LENGTH) } },
    })),
    rerankingConfiguration: {
      type: 'BEDROCK_RERANKING_MODEL',
      bedrockRerankingConfiguration: { numberOfResults: documents.length, modelConfiguration: { modelArn: arn } },
    },
  };
}

/** A cut in the middle of a character leaves none of it. */
function beginningOf(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

function rankedIn(body: unknown, account: string): RankedScore[] {
  const results = typeof body === 'object' && body !== null && 'results' in body ? body.results : undefined;
  if (!Array.isArray(results)) throw new ProviderError('bad_response', account, 'expected a list of results');
  return results.map((result: unknown) => {
    const { index, relevanceScore }: { readonly index?: unknown; readonly relevanceScore?: unknown } = Object(result);
    return { index, score: relevanceScore };
  });
}

function modelArn(model: string, region: string): string {
  return model.startsWith('arn:') ? model : `arn:${partitionOf(region)}:bedrock:${region}::foundation-model/${model}`;
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

function defaultEndpoint(region: string): string {
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://bedrock-agent-runtime.${region}.${suffix}`;
}
