import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBatches } from '#src/cli/seed/batches.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

/** Lengths of files; 0 is an empty one, which is a failure. */
const lengths = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 });

describe('readBatches', () => {
  test('every file is in one batch, in order, and no batch is over its limits', async () => {
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 100 }), async (files, maxDocuments, maxCharacters) => {
        const cwd = temporaryDirectory();
        const paths = files.map((length, index) => {
          writeFileSync(join(cwd, `${index}.md`), 'x'.repeat(length));
          return `${index}.md`;
        });
        const batches = await Array.fromAsync(readBatches(paths, { cwd, source: 'docs', maxBytes: 1000, maxDocuments, maxCharacters }));
        const documents = batches.flatMap((batch) => batch.documents);
        expect(documents.map(({ id }) => id)).toEqual(paths.filter((_, index) => files[index] !== 0));
        expect(batches.flatMap((batch) => batch.failures).map(({ path }) => path)).toEqual(paths.filter((_, index) => files[index] === 0));
        for (const batch of batches) {
          const characters = batch.documents.reduce((sum, { text }) => sum + text.length, 0);
          expect(batch.documents.length).toBeLessThanOrEqual(maxDocuments);
          expect(batch.documents.length <= 1 || characters <= maxCharacters).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});
