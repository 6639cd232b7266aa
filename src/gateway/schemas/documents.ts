import { Type } from 'typebox';
import { ErrorBodySchema } from './errors.ts';
import { CLOSED, MetadataSchema, nullable, oneOf, pageOf } from './limits.ts';

const DocumentId = Type.String({ minLength: 1, maxLength: 512, examples: ['handbook/travel.md'] });

export const DocumentParams = Type.Object({ id: DocumentId }, { ...CLOSED, description: 'Slashes of an id are written %2F.' });

const NewDocument = Type.Object(
  {
    id: DocumentId,
    text: Type.String({ examples: ['# Travel\n\nTrips are booked by the office.'] }),
    title: Type.Optional(Type.String({ maxLength: 1024 })),
    uri: Type.Optional(Type.String({ maxLength: 2048 })),
    metadata: Type.Optional(MetadataSchema),
  },
  CLOSED,
);

const MAX_DOCUMENTS = 10_000;

/** The bounds of `chunk_size` and `overlap` depend on each other: the chunker checks them. */
export const IndexBody = Type.Object(
  {
    documents: Type.Array(NewDocument, { minItems: 1, maxItems: MAX_DOCUMENTS }),
    chunk_size: Type.Optional(Type.Integer({ description: 'Tokens, 512 where absent.' })),
    overlap: Type.Optional(Type.Integer({ description: 'Tokens, 50 where absent.' })),
    wait: Type.Optional(Type.Boolean()),
  },
  { ...CLOSED, examples: [{ documents: [{ id: 'travel.md', text: '# Travel\n\nTrips are booked by the office.' }], wait: true }] },
);

/** For readers: uploads are checked as they are read (src/gateway/upload.ts). */
export const UploadBody = Type.Object(
  {
    file: Type.Array(Type.String({ format: 'binary' }), { description: 'Text files; any name of the field will do.' }),
    chunk_size: Type.Optional(Type.Integer()),
    overlap: Type.Optional(Type.Integer()),
    wait: Type.Optional(Type.Boolean()),
  },
  CLOSED,
);

const JobId = Type.String({ minLength: 1, maxLength: 128 });

export const JobParams = Type.Object({ id: JobId }, CLOSED);

const Failure = Type.Object({ document: Type.String(), error: ErrorBodySchema });

export const JobSchema = Type.Object({
  id: JobId,
  kind: oneOf(['index', 'reindex']),
  state: oneOf(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the documents that are through.' }),
  total: Type.Integer({ minimum: 0 }),
  done: Type.Integer({ minimum: 0 }),
  indexed: Type.Integer({ minimum: 0 }),
  unchanged: Type.Integer({ minimum: 0 }),
  chunks: Type.Integer({ minimum: 0 }),
  pending_vectors: Type.Integer({ minimum: 0, description: 'Documents that are through and whose vectors are still to be made.' }),
  failures: Type.Array(Failure),
  error: Type.Optional(ErrorBodySchema),
  created_at: Type.String(),
  ended_at: nullable(Type.String()),
});

export const JobList = pageOf('jobs', JobSchema);

export const JobReceipt = Type.Object({ job: JobId });
export const IndexReport = Type.Object({
  job: JobId,
  state: JobSchema.properties.state,
  indexed: Type.Integer({ minimum: 0 }),
  chunks: Type.Integer({ minimum: 0 }),
  unchanged: Type.Integer({ minimum: 0 }),
  failures: Type.Array(Failure),
});

export const DocumentSchema = Type.Object({
  id: DocumentId,
  title: Type.String(),
  uri: nullable(Type.String()),
  metadata: MetadataSchema,
  version: Type.Integer(),
  chunks: Type.Integer({ minimum: 0 }),
  size_bytes: Type.Integer({ minimum: 0 }),
  updated_at: Type.String(),
});

const ChunkSchema = Type.Object({
  id: Type.String(),
  position: Type.Integer({ minimum: 0 }),
  headings: Type.Array(Type.String()),
  text: Type.String(),
  start: Type.Integer({ minimum: 0 }),
  end: Type.Integer({ minimum: 0 }),
});

export const DocumentList = pageOf('documents', DocumentSchema);
export const DocumentWithChunks = Type.Object({ ...DocumentSchema.properties, chunks: Type.Array(ChunkSchema) });
export const DeletionReceipt = Type.Object({
  document: DocumentId,
  chunks_removed: Type.Integer({ minimum: 0 }),
  epoch: Type.Integer({ minimum: 0 }),
});
