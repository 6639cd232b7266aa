import { Type } from 'typebox';
import { bodyReader } from '../check-body.ts';
import { strict } from '../shape.ts';

const numbers = Type.Array(Type.Number());
const anyObject = Type.Record(Type.String(), Type.Unknown());
const sparseValues = strict({ indices: Type.Array(Type.Integer({ minimum: 0, maximum: 0xffffffff })), values: numbers });
const namespace = Type.Optional(Type.String());

export const upsertRequest = bodyReader(strict({
  vectors: Type.Array(strict({
    id: Type.String(),
    values: Type.Optional(numbers),
    sparseValues: Type.Optional(sparseValues),
    metadata: Type.Optional(anyObject),
  })),
  namespace,
}));

export const queryRequest = bodyReader(strict({
  namespace,
  topK: Type.Integer(),
  filter: Type.Optional(anyObject),
  includeValues: Type.Optional(Type.Boolean()),
  includeMetadata: Type.Optional(Type.Boolean()),
  vector: Type.Optional(numbers),
  sparseVector: Type.Optional(sparseValues),
  id: Type.Optional(Type.String()),
  scanFactor: Type.Optional(Type.Number()),
  maxCandidates: Type.Optional(Type.Integer()),
}));

export const deleteRequest = bodyReader(strict({
  ids: Type.Optional(Type.Array(Type.String())),
  deleteAll: Type.Optional(Type.Boolean()),
  namespace,
  filter: Type.Optional(anyObject),
}));

export const updateRequest = bodyReader(strict({
  id: Type.Optional(Type.String()),
  values: Type.Optional(numbers),
  sparseValues: Type.Optional(sparseValues),
  setMetadata: Type.Optional(anyObject),
  namespace,
  filter: Type.Optional(anyObject),
  dryRun: Type.Optional(Type.Boolean()),
}));

export const fetchByMetadataRequest = bodyReader(strict({
  namespace,
  filter: anyObject,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  paginationToken: Type.Optional(Type.String()),
}));

export const statsRequest = bodyReader(strict({ filter: Type.Optional(anyObject) }));
