import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkId, chunkIdOfVector } from '#src/rag/chunk-id.ts';
import { vectorId } from '#src/rag/vector-id.ts';

const NUMBER = fc.nat({ max: 1e6 });

test('the id of a chunk follows from that of its vector', () => {
  fc.assert(
    fc.property(fc.string(), NUMBER, NUMBER, (document, version, position) => {
      expect(chunkIdOfVector(vectorId(document, version, position))).toBe(chunkId(document, version, position));
    }),
  );
});

test('it is ASCII whatever the document is called, and differs by document, version and position', () => {
  const ids = [chunkId('übung/🦆.md', 1, 2), chunkId('übung/🦆.md', 2, 1), chunkId('übung.md', 1, 2)];
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{24}#\d+#\d+$/);
});

test('an id that is not one of ours stays as it is', () => {
  expect(chunkIdOfVector('somebody-elses-1')).toBe('somebody-elses-1');
});
