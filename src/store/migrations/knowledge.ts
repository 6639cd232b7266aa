import type { Migrations } from '../migrate.ts';

/**
 * `knowledge.db`: documents, their chunks, and the jobs that change them. The full-text tables, one per collection, are
 * made with their collection (src/adapters/lexical-index/fts5.ts). Times are milliseconds since the epoch. `vector_task`
 * holds what the vector index has still to be told; it is written with the document, and read by the embedder.
 */
export const KNOWLEDGE_MIGRATIONS: Migrations = [
  `
  create table tenant (
    id text primary key
  ) strict;

  create table collection (
    number integer primary key autoincrement,
    tenant text not null references tenant (id),
    name text not null,
    language text not null,
    epoch integer not null default 0,
    embedding_model text,
    embedding_dimension integer,
    vector_index text,
    unique (tenant, name),
    unique (tenant, number)
  ) strict;

  create table document (
    number integer primary key,
    tenant text not null,
    collection integer not null,
    id text not null,
    id_hash text not null,
    title text not null,
    uri text,
    metadata text not null,
    version integer not null,
    content_hash text not null,
    chunk_size integer not null,
    overlap integer not null,
    chunk_count integer not null,
    size_bytes integer not null,
    job integer not null,
    updated_at integer not null,
    unique (tenant, collection, id),
    unique (tenant, collection, id_hash),
    unique (tenant, collection, number),
    foreign key (tenant, collection) references collection (tenant, number)
  ) strict;

  create table document_text (
    tenant text not null,
    collection integer not null,
    document integer not null,
    text text not null,
    given_title text,
    primary key (tenant, collection, document),
    foreign key (tenant, collection, document) references document (tenant, collection, number) on delete cascade
  ) strict;

  create table chunk (
    number integer primary key,
    tenant text not null,
    collection integer not null,
    document integer not null,
    position integer not null,
    headings text not null,
    start_offset integer not null,
    end_offset integer not null,
    text text not null,
    unique (tenant, collection, document, position),
    foreign key (tenant, collection, document) references document (tenant, collection, number) on delete cascade
  ) strict;

  create table job (
    number integer primary key autoincrement,
    tenant text not null,
    collection integer not null,
    id text not null,
    kind text not null check (kind in ('index', 'reindex')),
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    total integer not null,
    done integer not null default 0,
    indexed integer not null default 0,
    unchanged integer not null default 0,
    chunks integer not null default 0,
    chunk_size integer,
    overlap integer,
    created_at integer not null,
    ended_at integer,
    unique (tenant, collection, id),
    unique (tenant, collection, number),
    foreign key (tenant, collection) references collection (tenant, number)
  ) strict;
  create index job_unfinished on job (tenant, collection, number) where state in ('queued', 'running');

  create table job_item (
    tenant text not null,
    collection integer not null,
    job integer not null,
    position integer not null,
    document_id text not null,
    title text,
    uri text,
    metadata text,
    error text,
    text text,
    primary key (tenant, collection, job, position),
    foreign key (tenant, collection, job) references job (tenant, collection, number) on delete cascade
  ) strict;
  create index job_item_document on job_item (tenant, collection, document_id);

  create table vector_task (
    number integer primary key autoincrement,
    tenant text not null,
    collection integer not null,
    kind text not null check (kind in ('upsert', 'delete')),
    document_id text not null,
    version integer not null,
    job integer,
    error text,
    unique (tenant, collection, number),
    foreign key (tenant, collection) references collection (tenant, number)
  ) strict;
  create index vector_task_pending on vector_task (tenant, collection, number) where error is null;
  create index vector_task_failed on vector_task (tenant, collection, number) where error is not null;
  create index vector_task_document on vector_task (tenant, collection, document_id);
  create index vector_task_job on vector_task (tenant, collection, job) where error is null;
  `,
];
