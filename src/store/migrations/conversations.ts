import type { Migrations } from '../migrate.ts';

/** `conversations.db`: who asked what, what was answered, what readers thought of it. Times are milliseconds since the epoch. */
export const CONVERSATIONS_MIGRATIONS: Migrations = [
  `
  create table tenant (
    id text primary key
  ) strict;

  create table session (
    tenant text not null references tenant (id),
    id text not null,
    created_at integer not null,
    updated_at integer not null,
    turn_count integer not null,
    title text,
    primary key (tenant, id)
  ) strict;
  create index session_latest on session (tenant, updated_at, id);

  create table turn (
    tenant text not null,
    id text not null,
    session text not null,
    position integer not null,
    ask_id text not null,
    state text not null check (state in ('accepted', 'answered', 'failed')),
    options text not null,
    accepted_at integer not null,
    ended_at integer,
    answer_end text,
    kept_answer text,
    error text,
    primary key (tenant, id),
    unique (tenant, session, ask_id),
    unique (tenant, session, position),
    foreign key (tenant, session) references session (tenant, id) on delete cascade
  ) strict;
  create index turn_unfinished on turn (tenant, accepted_at, id) where state = 'accepted';

  create table kept_answer (
    tenant text not null,
    id text not null,
    text text not null,
    fields text not null,
    turn_count integer not null,
    primary key (tenant, id)
  ) strict;
  create index kept_answer_unused on kept_answer (tenant) where turn_count = 0;

  create table message (
    tenant text not null,
    turn text not null,
    role text not null check (role in ('user', 'assistant')),
    text text not null,
    created_at integer not null,
    primary key (tenant, turn, role),
    foreign key (tenant, turn) references turn (tenant, id) on delete cascade
  ) strict;

  create table setting (
    tenant text not null,
    name text not null,
    value text not null,
    primary key (tenant, name)
  ) strict;

  create table feedback (
    tenant text not null,
    turn text not null,
    rating text not null check (rating in ('up', 'down')),
    comment text,
    created_at integer not null,
    primary key (tenant, turn),
    foreign key (tenant, turn) references turn (tenant, id) on delete cascade
  ) strict;
  `,
  `
  alter table turn add column attempts integer not null default 0;
  alter table turn add column started_at integer;
  `,
  // By session: one of 10 000 turns is opened by those that have no end.
  `
  drop index turn_unfinished;
  create index turn_unfinished on turn (tenant, session, position) where state = 'accepted';
  `,
];
