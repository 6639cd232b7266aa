import { hash } from 'node:crypto';

/**
 * Id of a chunk's vector: ASCII whatever the document is called, one prefix for a document and one for each of its
 * versions, so that a hit of an old version is known as such and a version is deleted by its prefix.
 */
export function vectorId(document: string, version: number, position: number): string {
  return `${versionPrefix(document, version)}${position}`;
}

/** Prefix of all vectors of one version of a document. */
export function versionPrefix(document: string, version: number): string {
  return `${documentPrefix(document)}${version}#`;
}

/** Prefix of all vectors of a document. */
export function documentPrefix(document: string): string {
  return `${documentHash(document)}#`;
}

/** 128 bits: two of a billion documents share one with a probability below 1e-20. */
export function documentHash(document: string): string {
  return hash('sha256', document, 'hex').slice(0, 32);
}

export interface VectorIdParts {
  readonly documentHash: string;
  readonly version: number;
  readonly position: number;
}

/** Undefined for an id that is not one of ours. */
export function parseVectorId(id: string): VectorIdParts | undefined {
  const match = /^([0-9a-f]{32})#(\d+)#(\d+)$/.exec(id);
  if (match === null) return undefined;
  const [, hash = '', version, position] = match;
  return { documentHash: hash, version: Number(version), position: Number(position) };
}
