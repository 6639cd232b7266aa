import type { IndexDescription } from './pinecone-index.ts';

/** From this version of the API on an index is described by its schema. */
const FIRST_VERSION_WITH_SCHEMA = '2026-04';

/** What GET /indexes/NAME answers. `host` is where the index's own operations are served. */
export function describeIndex(index: IndexDescription, host: string, apiVersion: string): object {
  return {
    name: index.name,
    host,
    status: { ready: true, state: 'Ready' },
    deletion_protection: 'disabled',
    tags: null,
    ...(apiVersion >= FIRST_VERSION_WITH_SCHEMA ? withSchema(index) : withSpec(index)),
  };
}

/** A dense index always reports both of the reserved fields; a text field of integrated embedding stands beside them. */
function withSchema(index: IndexDescription): object {
  const dense = { _values: { type: 'dense_vector', dimension: index.dimension, metric: index.metric } };
  const fields = {
    ...(index.vectorType === 'dense' ? dense : {}),
    _sparse_values: { type: 'sparse_vector' },
    ...(index.embed === undefined ? {} : { [index.embed.field]: semanticText(index, index.embed.model) }),
  };
  return { schema: { fields }, deployment: { deployment_type: 'managed', cloud: 'aws', region: 'us-east-1', environment: 'aped-0000-0000' } };
}

function semanticText(index: IndexDescription, model: string): object {
  return { type: 'semantic_text', model, dimension: index.vectorType === 'dense' ? index.dimension : null, metric: index.metric };
}

function withSpec(index: IndexDescription): object {
  return {
    ...(index.vectorType === 'dense' ? { dimension: index.dimension } : {}),
    metric: index.metric,
    vector_type: index.vectorType,
    spec: { serverless: { cloud: 'aws', region: 'us-east-1' } },
    ...(index.embed === undefined ? {} : { embed: { model: index.embed.model, field_map: { text: index.embed.field } } }),
  };
}
