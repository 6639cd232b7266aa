import type { Migrations } from '../migrate.ts';

/**
 * `vectors.db`: the vectors themselves, and which file holds the graph made of them. A vector's number is never given
 * again, not even after it is replaced: whatever a graph of before knows under a number is that vector or none.
 */
export const VECTORS_MIGRATIONS: Migrations = [
  `
  create table space (
    number integer primary key autoincrement,
    tenant text not null,
    collection text not null,
    model text not null,
    dimension integer not null check (dimension > 0),
    unique (tenant, collection, model)
  ) strict;

  create table vector (
    number integer primary key autoincrement,
    space integer not null references space (number),
    id text not null,
    half_floats blob not null,
    metadata text not null,
    unique (space, id)
  ) strict;
  create index vector_space on vector (space, number);

  create table graph_file (
    space integer primary key references space (number),
    name text not null,
    last_number integer not null,
    size integer not null,
    bytes integer not null,
    checksum integer not null
  ) strict;
  `,
];
