import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from '#src/store/migrate.ts';
import { VECTORS_MIGRATIONS } from '#src/store/migrations/vectors.ts';
import { openDatabase } from '#src/store/sqlite.ts';
import { CodeMatrix, encode } from '#src/store/vectors/code-matrix.ts';
import { GraphBuilds } from '#src/store/vectors/graph-builds.ts';
import { GraphUpkeep } from '#src/store/vectors/graph-upkeep.ts';
import { LazyNative } from '#src/store/vectors/native.ts';
import { toHalfFloats } from '#src/store/vectors/values.ts';
import { VectorTable } from '#src/store/vectors/vector-table.ts';
import { eventually } from '../../../support/eventually.ts';
import { temporaryDirectory } from '../../../support/store-directory.ts';
import { clusteredVectors, VECTOR_SPACE } from '../../../support/vector-examples.ts';

const DIMENSION = 16;

/** A space of 300 vectors that gets a graph from 100 on, and its upkeep; `databaseName` is what the builder opens. */
function spaceWithUpkeep({ databaseName = 'vectors.db' } = {}) {
  const directory = temporaryDirectory();
  const database = openDatabase(join(directory, 'vectors.db'));
  migrate(database, VECTORS_MIGRATIONS);
  const table = new VectorTable(database);
  const space = table.addSpace(VECTOR_SPACE, DIMENSION);
  const matrix = new CodeMatrix(DIMENSION);
  for (const [index, vector] of clusteredVectors(300, DIMENSION).entries()) {
    const number = table.add(space.number, { id: `v${index}`, halfFloats: toHalfFloats(vector), metadata: '{}' });
    matrix.add(number, encode(vector), 0);
  }
  const parts = { directory, databasePath: join(directory, databaseName), table, native: new LazyNative(false), graphFrom: 100 };
  const builds = new GraphBuilds();
  const upkeep = new GraphUpkeep(space, { ...parts, builds });
  onTestFinished(() => {
    upkeep.close();
    builds.close();
    database.close();
  });
  return { directory, matrix, table, space, upkeep };
}

test('a graph that cannot be made is a problem that is told, and leaves no file', async () => {
  const { directory, matrix, upkeep } = spaceWithUpkeep({ databaseName: 'absent.db' });
  upkeep.consider(matrix);
  expect(upkeep.progress).toEqual({ done: 0, total: 300 });
  await eventually(() => expect(upkeep.problem).toMatch(/unable to open/));
  expect([upkeep.progress, upkeep.graph]).toEqual([undefined, undefined]);
  expect(readdirSync(directory).filter((name) => name.includes('.hnsw'))).toEqual([]);
});

test('few changes leave the graph as it is, many extend it, and removals make it anew without them', async () => {
  const { matrix, table, space, upkeep } = spaceWithUpkeep();
  upkeep.consider(matrix);
  await eventually(() => expect(upkeep.graph?.file.size).toBe(300));
  const add = (count: number, seed: number): void => {
    for (const [index, vector] of clusteredVectors(count, DIMENSION, seed).entries()) {
      const number = table.add(space.number, { id: `s${seed}-${index}`, halfFloats: toHalfFloats(vector), metadata: '{}' });
      matrix.add(number, encode(vector), 0);
    }
    upkeep.consider(matrix);
  };
  add(30, 2);
  expect(upkeep.progress).toBeUndefined();
  add(30, 3);
  await eventually(() => expect(upkeep.graph?.file.size).toBe(360));
  for (const number of matrix.numbers.slice(0, 100)) {
    matrix.remove(number);
    table.remove(space.number, `v${number - 1}`);
  }
  upkeep.consider(matrix);
  await eventually(() => expect(upkeep.graph?.file).toMatchObject({ size: 260, last_number: 360 }));
  expect(table.graphFile(space.number)).toEqual(upkeep.graph?.file);
});
