import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import { embedText } from '../embedding.ts';
import { strict } from '../shape.ts';
import { invalid, refuse } from './refusals.ts';

const MAX_SOURCES = 1000;
const MAX_CHARACTERS = 32_000;
const DIMENSION = 512;

/** Regions that each model is offered in. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  'cohere.rerank-v3-5:0': ['us-east-1', 'us-west-2', 'eu-central-1', 'ca-central-1', 'ap-northeast-1'],
  'amazon.rerank-v1:0': ['us-west-2', 'eu-central-1', 'ca-central-1', 'ap-northeast-1'],
};

const text = Type.String({ minLength: 1, maxLength: MAX_CHARACTERS });

const request = bodyReader(strict({
  queries: Type.Array(strict({ type: Type.Literal('TEXT'), textQuery: strict({ text }) }), { minItems: 1, maxItems: 1 }),
  sources: Type.Array(strict({
    type: Type.Literal('INLINE'),
    inlineDocumentSource: Type.Union([
      strict({ type: Type.Literal('TEXT'), textDocument: strict({ text }) }),
      strict({ type: Type.Literal('JSON'), jsonDocument: Type.Unknown() }),
    ]),
  }), { minItems: 1, maxItems: MAX_SOURCES }),
  rerankingConfiguration: strict({
    type: Type.Literal('BEDROCK_RERANKING_MODEL'),
    bedrockRerankingConfiguration: strict({
      numberOfResults: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_SOURCES })),
      modelConfiguration: strict({
        modelArn: Type.String(),
        additionalModelRequestFields: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
      }),
    }),
  }),
  nextToken: Type.Optional(Type.String()),
}));

/** POST /rerank of the agent runtime: the sources by relevance, best first. */
export function rerank(body: Buffer, region: string): object {
  const checked = request(body);
  if (checked.problem !== undefined) throw invalid(`1 validation error detected: Value at '${checked.problem.path}' failed to satisfy constraint: ${checked.problem.message}`);
  const { queries, sources, rerankingConfiguration } = checked.value;
  const { numberOfResults = sources.length, modelConfiguration } = rerankingConfiguration.bedrockRerankingConfiguration;
  checkModel(modelConfiguration.modelArn, region);
  if (numberOfResults > sources.length) throw invalid('The number of results may not exceed the number of sources.');
  const question = embedText(queries[0]?.textQuery.text ?? '', DIMENSION);
  const results = sources
    .map(({ inlineDocumentSource: source }, index) => ({ index, relevanceScore: relevance(question, source.type === 'TEXT' ? source.textDocument.text : JSON.stringify(source.jsonDocument)) }))
    .sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
  return { results: results.slice(0, numberOfResults) };
}

function checkModel(arn: string, region: string): void {
  const match = /^arn:aws[a-z-]*:bedrock:([a-z0-9-]+)::foundation-model\/(.+)$/.exec(arn);
  if (match === null) throw invalid('The provided model ARN is invalid.');
  const [, arnRegion = '', model = ''] = match;
  const regions = MODELS[model];
  if (regions === undefined) throw refuse('ResourceNotFoundException', `The model ${model} was not found.`);
  if (arnRegion !== region || !regions.includes(region)) throw invalid(`The model ${model} is not supported in region ${region}.`);
}

/** From 0 to 1. */
function relevance(question: readonly number[], document: string): number {
  const vector = embedText(document, DIMENSION);
  return Math.min(1, Math.max(0, question.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0)));
}
