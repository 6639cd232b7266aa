import type { JobRecord } from '#src/ports/store.ts';
import type { App, Gateway } from '../app.ts';
import { isoTime, readPage } from '../page.ts';
import { JobList, JobParams, JobSchema } from '../schemas/documents.ts';
import { replies } from '../schemas/errors.ts';
import { PageQuery } from '../schemas/limits.ts';

const tags = ['documents'];

/** Jobs that bring documents in: list, look at, cancel. */
export function jobRoutes(app: App, { services: { store, ingest } }: Gateway): void {
  const one = { tags, params: JobParams, response: replies({ 200: JobSchema }, ['JOB_NOT_FOUND', 'STORE_UNAVAILABLE']) };
  const list = { summary: 'Jobs, latest first', tags, querystring: PageQuery, response: replies({ 200: JobList }, ['STORE_UNAVAILABLE']) };
  app.get('/jobs', { schema: list }, async (request) => {
    const { items, cursor } = await store.knowledge.listJobs(readPage(request.query));
    return { jobs: items.map(toJob), cursor };
  });
  app.get('/jobs/:id', { schema: { ...one, summary: 'How far a job is' } }, async (request) => toJob(await store.knowledge.getJob(request.params.id)));
  app.post('/jobs/:id/cancel', { schema: { ...one, summary: 'End a job; documents that are through stay' } }, async (request) =>
    toJob(await ingest.cancel(request.params.id)),
  );
}

function toJob({ id, kind, state, total, done, indexed, unchanged, chunks, pendingVectors, failures, createdAt, endedAt }: JobRecord) {
  const progress = total === 0 ? (endedAt === null ? 0 : 1) : done / total;
  const [first] = state === 'failed' ? failures : [];
  const ended_at = endedAt === null ? null : isoTime(endedAt);
  const record = { id, kind, state, progress, total, done, indexed, unchanged, chunks, pending_vectors: pendingVectors, failures: [...failures], created_at: isoTime(createdAt), ended_at };
  return first === undefined ? record : { ...record, error: first.error };
}
