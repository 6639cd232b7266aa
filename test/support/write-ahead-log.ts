import { readFileSync } from 'node:fs';

/**
 * Commits in the write-ahead log of a database: frames whose header has the size of the database after the commit
 * (https://www.sqlite.org/fileformat2.html, 4.1).
 */
export function countCommits(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const frameBytes = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) if (log.readUInt32BE(at + 4) !== 0) commits += 1;
  return commits;
}
