import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fts5Index } from '#src/adapters/lexical-index/fts5.ts';
import { TermScoreCache } from '#src/adapters/lexical-index/term-scores.ts';
import type { LexicalIndex } from '#src/ports/lexical-index.ts';
import type { EmbeddingBinding } from '#src/ports/store.ts';
import { queryAll, queryOne } from '../sqlite.ts';
import type { CollectionEpoch, Scope } from './events.ts';

/** A collection as a connection sees it. `tenant` and `number` together are in every key of its rows. */
export interface Collection {
  readonly number: number;
  readonly tenant: string;
  readonly name: string;
  readonly language: string;
  readonly epoch: number;
  /** What makes its vectors; null where nothing does. */
  readonly embedding_model: string | null;
  readonly embedding_dimension: number | null;
  readonly vector_index: string | null;
}

/** Collections and their lexical indexes. Rows are read anew each time: a transaction that is rolled back takes them along. */
export class CollectionRows {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #selectEpochs: StatementSync;
  readonly #termScores: TermScoreCache;
  readonly #indexes = new Map<number, LexicalIndex>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#termScores = new TermScoreCache(database);
    this.#select = database.prepare(
      `select number, tenant, name, language, epoch, embedding_model, embedding_dimension, vector_index
       from collection where tenant = ? and name = ?`,
    );
    this.#selectEpochs = database.prepare('select tenant, name as collection, epoch from collection');
  }

  find(scope: Scope): Collection | undefined {
    return queryOne<Collection>(this.#select, scope.tenant, scope.collection);
  }

  epochs(): readonly CollectionEpoch[] {
    return queryAll<CollectionEpoch>(this.#selectEpochs).map((row) => ({ ...row }));
  }

  /** The index of a collection that `find` has given. */
  indexOf(collection: Collection): LexicalIndex {
    const known = this.#indexes.get(collection.number);
    if (known !== undefined) return known;
    const index = new Fts5Index(this.#database, collection.number, this.#termScores);
    this.#indexes.set(collection.number, index);
    return index;
  }
}

/** Makes collections and moves their epochs. Expects an open transaction. */
export class CollectionWriter {
  readonly #database: DatabaseSync;
  readonly #collections: CollectionRows;
  readonly #insertTenant: StatementSync;
  readonly #insert: StatementSync;
  readonly #setEpoch: StatementSync;
  readonly #setEmbedding: StatementSync;

  constructor(database: DatabaseSync, collections: CollectionRows) {
    this.#database = database;
    this.#collections = collections;
    this.#insertTenant = database.prepare('insert into tenant (id) values (?) on conflict do nothing');
    this.#insert = database.prepare('insert into collection (tenant, name, language) values (?, ?, ?)');
    this.#setEpoch = database.prepare('update collection set epoch = ? where tenant = ? and number = ?');
    this.#setEmbedding = database.prepare(
      `update collection set embedding_model = ?, embedding_dimension = ?, vector_index = ? where tenant = ? and number = ?`,
    );
  }

  /** The collection, made with its tables when it is new. */
  open(scope: Scope, language: string): Collection {
    return this.#collections.find(scope) ?? this.#create(scope, language);
  }

  #create(scope: Scope, language: string): Collection {
    this.#insertTenant.run(scope.tenant);
    const { lastInsertRowid } = this.#insert.run(scope.tenant, scope.collection, language);
    const number = Number(lastInsertRowid);
    Fts5Index.create(this.#database, number);
    const unbound = { embedding_model: null, embedding_dimension: null, vector_index: null };
    return { number, tenant: scope.tenant, name: scope.collection, language, epoch: 0, ...unbound };
  }

  setEpoch(collection: Collection, epoch: number): void {
    this.#setEpoch.run(epoch, collection.tenant, collection.number);
  }

  setEmbedding({ tenant, number }: Collection, { model, dimension, index }: EmbeddingBinding): void {
    this.#setEmbedding.run(model, dimension, index, tenant, number);
  }
}
