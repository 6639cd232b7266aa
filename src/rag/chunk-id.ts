import { documentHash, parseVectorId } from './vector-id.ts';

/** Hexadecimal digits of the document's hash: 96 bits, enough within a collection. */
const HASH_LENGTH = 24;

/**
 * The id of a chunk, `<beginning of the document's hash>#<version>#<position>`: ASCII whatever the document is called.
 * Another version gives other ids. It follows from the id of the chunk's vector, so that what both searches have found
 * is known as the same.
 */
export function chunkId(document: string, version: number, position: number): string {
  return idOf(documentHash(document), version, position);
}

/** The chunk whose vector this is; an id that is not one of ours stays as it is. */
export function chunkIdOfVector(vector: string): string {
  const parts = parseVectorId(vector);
  return parts === undefined ? vector : idOf(parts.documentHash, parts.version, parts.position);
}

function idOf(hash: string, version: number, position: number): string {
  return `${hash.slice(0, HASH_LENGTH)}#${version}#${position}`;
}
