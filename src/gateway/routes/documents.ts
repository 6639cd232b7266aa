import { wakeEmbedder } from '#agents/embedder/embedder.agent.ts';
import type { DocumentRecord } from '#src/ports/store.ts';
import type { App, Gateway } from '../app.ts';
import { isoTime, readPage } from '../page.ts';
import { DeletionReceipt, DocumentList, DocumentParams, DocumentWithChunks } from '../schemas/documents.ts';
import { replies } from '../schemas/errors.ts';
import { PageQuery } from '../schemas/limits.ts';

const tags = ['documents'];

/** Documents that are there: list, read, delete. */
export function documentRoutes(app: App, gateway: Gateway): void {
  listDocuments(app, gateway);
  getDocument(app, gateway);
  deleteDocument(app, gateway);
}

function listDocuments(app: App, { services: { store } }: Gateway): void {
  const schema = { summary: 'Documents by id', tags, querystring: PageQuery, response: replies({ 200: DocumentList }, ['STORE_UNAVAILABLE']) };
  app.get('/documents', { schema }, async (request) => {
    const { items, cursor } = await store.knowledge.listDocuments(readPage(request.query));
    return { documents: items.map(toDocument), cursor };
  });
}

function getDocument(app: App, { services: { store } }: Gateway): void {
  const response = replies({ 200: DocumentWithChunks }, ['DOCUMENT_NOT_FOUND', 'STORE_UNAVAILABLE']);
  const schema = { summary: 'A document with its chunks', tags, params: DocumentParams, response };
  app.get('/documents/:id', { schema }, async (request) => {
    const { chunks, ...document } = await store.knowledge.getDocument(request.params.id);
    return { ...toDocument(document), chunks };
  });
}

function deleteDocument(app: App, { services: { store, kernel } }: Gateway): void {
  const response = replies({ 200: DeletionReceipt }, ['DOCUMENT_NOT_FOUND', 'STORE_UNAVAILABLE', 'STORE_FULL']);
  const schema = { summary: 'Delete a document: from now on nothing answers from it', tags, params: DocumentParams, response };
  app.delete('/documents/:id', { schema }, async (request) => {
    const { id } = request.params;
    const { chunksRemoved, epoch } = await store.knowledge.deleteDocument(id);
    wakeEmbedder(kernel);
    return { document: id, chunks_removed: chunksRemoved, epoch };
  });
}

function toDocument({ id, title, uri, metadata, version, chunkCount, sizeBytes, updatedAt }: DocumentRecord) {
  return { id, title, uri, metadata, version, chunks: chunkCount, size_bytes: sizeBytes, updated_at: isoTime(updatedAt) };
}
