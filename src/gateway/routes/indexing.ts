import type { FastifyReply } from 'fastify';
import type { ErrorCode } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { Chunking, JobRecord, NewDocument } from '#src/ports/store.ts';
import { parseChunking } from '#src/rag/chunk.ts';
import type { App, Gateway } from '../app.ts';
import { readUpload } from '../upload.ts';
import { IndexBody, IndexReport, JobReceipt, UploadBody } from '../schemas/documents.ts';
import { replies } from '../schemas/errors.ts';

const tags = ['documents'];

const INDEX_ERRORS: readonly ErrorCode[] = [
  'INVALID_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'DOCUMENT_EMPTY', 'DOCUMENT_TOO_LARGE', 'DOCUMENT_DUPLICATE',
  'STORE_UNAVAILABLE', 'STORE_FULL', 'DRAINING',
]; // prettier-ignore

/** Ways to bring documents in, each a durable job: as JSON, as uploaded files, again from what is stored. */
export function indexingRoutes(app: App, gateway: Gateway): void {
  indexDocuments(app, gateway);
  uploadDocuments(app, gateway);
  reindex(app, gateway);
}

function indexDocuments(app: App, gateway: Gateway): void {
  const response = replies({ 200: IndexReport, 202: JobReceipt }, INDEX_ERRORS);
  const schema = { summary: 'Index documents', description: 'All of them or none; `wait` answers when they are through.', tags, body: IndexBody, response };
  app.post('/index', { schema }, async (request, reply) => {
    const { documents, wait = false } = request.body;
    return ingest(gateway, reply, documents, { chunking: parseChunking(request.body), isAwaited: wait });
  });
}

function uploadDocuments(app: App, gateway: Gateway): void {
  const response = replies({ 200: IndexReport, 202: JobReceipt }, [...INDEX_ERRORS, 'UPLOAD_INCOMPLETE']);
  const description = 'multipart/form-data: text files, each a document whose id is its file name; fields `chunk_size`, `overlap`, `wait`.';
  const schema = { summary: 'Upload text files', description, tags, consumes: ['multipart/form-data'], body: UploadBody, response };
  app.post('/documents', { schema, validatorCompiler: () => () => true }, async (request, reply) => {
    const { documents, ...options } = await readUpload(request, gateway.services.config);
    return ingest(gateway, reply, documents, options);
  });
}

function reindex(app: App, { services: { ingest: door }, connections }: Gateway): void {
  const response = replies({ 202: JobReceipt }, ['STORE_UNAVAILABLE', 'STORE_FULL', 'DRAINING']);
  const schema = { summary: 'Chunk and index every document again', tags, response };
  app.post('/reindex', { schema }, async (_request, reply) => {
    if (connections.isDraining) throw new ServiceError('DRAINING');
    const { id } = await door.reindex();
    return reply.code(202).send({ job: id });
  });
}

export interface IndexOptions {
  readonly chunking: Chunking;
  readonly isAwaited: boolean;
}

async function ingest(
  { services, connections }: Gateway,
  reply: FastifyReply,
  documents: readonly NewDocument[],
  { chunking, isAwaited }: IndexOptions,
): Promise<FastifyReply> {
  if (connections.isDraining) throw new ServiceError('DRAINING');
  const { id } = await services.ingest.index(documents, chunking);
  if (!isAwaited) return reply.code(202).send({ job: id });
  return reply.send(toReport(await whenEnded(services.ingest, reply, id)));
}

/** Waits no longer than the client does; the job goes on either way. */
async function whenEnded({ whenEnded }: Gateway['services']['ingest'], reply: FastifyReply, job: string): Promise<JobRecord> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new ServiceError('UPLOAD_INCOMPLETE', 'the client has gone'));
  reply.raw.once('close', onClose);
  try {
    return await whenEnded(job, gone.signal);
  } finally {
    reply.raw.off('close', onClose);
  }
}

function toReport({ id, state, indexed, chunks, unchanged, failures }: JobRecord) {
  return { job: id, state, indexed, chunks, unchanged, failures };
}
