import type { Reranker } from '#src/ports/reranker.ts';
import { createPineconeClient, pineconeCall } from '../pinecone-client.ts';
import type { PineconeOptions } from '../pinecone-client.ts';
import { checkDocuments } from './check-documents.ts';
import { scoresInOrder } from './check-scores.ts';

export interface PineconeRerankerOptions extends PineconeOptions {
  readonly model: string;
}

/** Documents of a request are documented (100; 200 for cohere-rerank-3.5), its bytes are not. */
const BATCH = { maxItems: 100, maxBytes: 1_000_000 };
/** Cohere's model cuts documents into pieces instead, and refuses to be asked. */
const HAS_TRUNCATE = /^(?!cohere)/;

/** Reranking by Pinecone inference. A document beyond the model's limit is judged by its beginning. */
export function createPineconeReranker(options: PineconeRerankerOptions): Reranker {
  const { model } = options;
  const account = `pinecone/inference/${model}`;
  const client = createPineconeClient(options);
  return {
    id: `pinecone:${model}`,
    account,
    batch: BATCH,
    async rerank(question, documents, signal) {
      if (documents.length === 0) return [];
      checkDocuments(question, documents, BATCH, account);
      const call = async () =>
        (await client()).inference.rerank({
          model,
          query: question,
          documents: [...documents],
          topN: documents.length,
          returnDocuments: false,
          ...(HAS_TRUNCATE.test(model) ? { parameters: { truncate: 'END' } } : {}),
        });
      return scoresInOrder(await pineconeCall(async () => rankedIn(await call()), signal, account), documents.length, account);
    },
  };
}

/** Throws where the answer is no list. */
function rankedIn({ data }: { readonly data: readonly { readonly index: unknown; readonly score: unknown }[] }) {
  return data.map(({ index, score }) => ({ index, score }));
}
