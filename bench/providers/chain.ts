import { BedrockRuntimeClient, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { GoogleGenAI } from '@google/genai/web';
import type { ScoredPineconeRecord } from '@pinecone-database/pinecone';
import { Pinecone } from '@pinecone-database/pinecone';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Source } from '#src/ports/answer.ts';
import { assemblePrompt } from '#src/rag/prompt.ts';

/**
 * What the service is compared with: the three calls as one writes them by hand, one after the other, in a process of
 * its own. No deadlines, no retries, nothing on disk. The prompt is the service's, so that the model has as much to read
 * and to say for both.
 */
export interface ChainRequest {
  /** As the emulators tell it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where the service has put its vectors. */
  readonly namespace: string;
  readonly questions: readonly string[];
}

export interface ChainReport {
  readonly totalMs: readonly number[];
  readonly firstTokenMs: readonly number[];
}

const TOP_K = 5;

type Chain = (question: string) => Promise<{ readonly totalMs: number; readonly firstTokenMs: number }>;

let chain: Chain | undefined;

process.on('message', (request: ChainRequest) => {
  run(request).then(
    (report) => process.send?.(report),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function run({ environment, namespace, questions }: ChainRequest): Promise<ChainReport> {
  chain ??= createChain(environment, namespace);
  const answers = [];
  for (const question of questions) answers.push(await chain(question));
  return { totalMs: answers.map(({ totalMs }) => totalMs), firstTokenMs: answers.map(({ firstTokenMs }) => firstTokenMs) };
}

function createChain(environment: ChainRequest['environment'], namespace: string): Chain {
  const read = (name: string): string => environment[name] ?? '';
  const bedrock = new BedrockRuntimeClient({
    region: read('AWS_REGION'),
    endpoint: read('AWS_ENDPOINT_URL_BEDROCK_RUNTIME'),
    credentials: { accessKeyId: read('AWS_ACCESS_KEY_ID'), secretAccessKey: read('AWS_SECRET_ACCESS_KEY') },
    authSchemePreference: ['sigv4'],
    requestHandler: new NodeHttpHandler(),
  });
  const index = new Pinecone({ apiKey: read('PINECONE_API_KEY') }).index({ host: read('PINECONE_INDEX_HOST'), namespace });
  const gemini = new GoogleGenAI({ apiKey: read('GEMINI_API_KEY'), apiVersion: 'v1beta', httpOptions: { baseUrl: read('GOOGLE_GEMINI_BASE_URL') } });

  return async (question) => {
    const startedMs = performance.now();
    const vector = await embed(bedrock, question);
    const { matches } = await index.query({ vector, topK: TOP_K, includeMetadata: true });
    const [system, user] = assemblePrompt({ question, sources: matches.map(sourceOf), language: 'en' });
    const stream = await gemini.models.generateContentStream({
      model: 'gemini-3.8-flash',
      contents: user?.text ?? '',
      config: { systemInstruction: system?.text ?? '' },
    });
    let answer = '';
    let firstTokenMs = Number.NaN;
    for await (const { text = '' } of stream) {
      if (answer === '') firstTokenMs = performance.now() - startedMs;
      answer += text;
    }
    if (answer === '') throw new Error('the chain has no answer');
    return { totalMs: performance.now() - startedMs, firstTokenMs };
  };
}

function sourceOf({ id, score = 0, metadata = {} }: ScoredPineconeRecord): Source {
  return { id, document_id: id, title: String(metadata['title']), uri: null, text: String(metadata['text']), score, metadata: {} };
}

async function embed(bedrock: BedrockRuntimeClient, inputText: string): Promise<number[]> {
  const command = new InvokeModelCommand({
    modelId: 'amazon.titan-embed-text-v2:0',
    contentType: 'application/json',
    accept: 'application/json',
    body: JSON.stringify({ inputText, dimensions: 1024, normalize: true }),
  });
  const { body } = await bedrock.send(command);
  return (JSON.parse(new TextDecoder().decode(body)) as { readonly embedding: number[] }).embedding;
}
