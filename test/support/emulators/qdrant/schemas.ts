import { Type } from 'typebox';
import type { Static } from 'typebox';
import { bodyReader } from '../check-body.ts';
import { strict } from '../shape.ts';

const pointId = Type.Union([Type.Integer(), Type.String()]);
const vector = Type.Array(Type.Number());
const payload = Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]));
const filter = Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]));
const withPayload = Type.Optional(Type.Union([
  Type.Boolean(),
  Type.Array(Type.String()),
  strict({ include: Type.Array(Type.String()) }),
  strict({ exclude: Type.Array(Type.String()) }),
]));
const shardKey = Type.Optional(Type.Unknown());

export type WithPayload = Static<typeof withPayload>;

export const createCollection = bodyReader(strict({
  vectors: strict({
    size: Type.Integer({ minimum: 1, maximum: 65_536 }),
    distance: Type.Union(['Cosine', 'Dot', 'Euclid', 'Manhattan'].map((distance) => Type.Literal(distance))),
    on_disk: Type.Optional(Type.Boolean()),
    datatype: Type.Optional(Type.String()),
    hnsw_config: Type.Optional(Type.Unknown()),
    quantization_config: Type.Optional(Type.Unknown()),
  }),
  shard_number: Type.Optional(Type.Integer()),
  replication_factor: Type.Optional(Type.Integer()),
  write_consistency_factor: Type.Optional(Type.Integer()),
  on_disk_payload: Type.Optional(Type.Boolean()),
  hnsw_config: Type.Optional(Type.Unknown()),
  wal_config: Type.Optional(Type.Unknown()),
  optimizers_config: Type.Optional(Type.Unknown()),
  quantization_config: Type.Optional(Type.Unknown()),
  strict_mode_config: Type.Optional(Type.Unknown()),
  metadata: Type.Optional(Type.Unknown()),
}));

export const createIndex = bodyReader(strict({
  field_name: Type.String(),
  field_schema: Type.Optional(Type.Union([
    Type.String(),
    Type.Object({ type: Type.String() }),
  ])),
}));

export const upsertPoints = bodyReader(strict({
  points: Type.Array(strict({ id: pointId, vector, payload })),
  shard_key: shardKey,
}));

export const queryPoints = bodyReader(strict({
  query: Type.Optional(Type.Union([vector, pointId, strict({ nearest: vector })])),
  filter,
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  with_payload: withPayload,
  with_vector: Type.Optional(Type.Boolean()),
  score_threshold: Type.Optional(Type.Number()),
  params: Type.Optional(strict({
    hnsw_ef: Type.Optional(Type.Integer()),
    exact: Type.Optional(Type.Boolean()),
    indexed_only: Type.Optional(Type.Boolean()),
    quantization: Type.Optional(Type.Unknown()),
  })),
  shard_key: shardKey,
}));

export const retrievePoints = bodyReader(strict({ ids: Type.Array(pointId), with_payload: withPayload, with_vector: Type.Optional(Type.Boolean()), shard_key: shardKey }));

export const deletePoints = bodyReader(strict({
  points: Type.Optional(Type.Array(pointId)),
  filter: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  shard_key: shardKey,
}));

export const countPoints = bodyReader(strict({ filter, exact: Type.Optional(Type.Boolean()), shard_key: shardKey }));

export const scrollPoints = bodyReader(strict({
  offset: Type.Optional(Type.Union([pointId, Type.Null()])),
  limit: Type.Optional(Type.Integer({ minimum: 1 })),
  filter,
  with_payload: withPayload,
  with_vector: Type.Optional(Type.Boolean()),
  shard_key: shardKey,
}));
