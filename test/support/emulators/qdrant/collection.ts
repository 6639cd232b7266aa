import type { PointId } from './point-id.ts';
import { badInput } from './refusals.ts';

export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan';

export interface Point {
  readonly id: PointId;
  /** Of unit length in a collection of distance Cosine, as the real service keeps it. */
  readonly vector: readonly number[];
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Collection {
  readonly size: number;
  readonly distance: Distance;
  /** By UUID in small letters without dashes, or by number. */
  readonly points: Map<PointId, Point>;
  /** Type of each indexed field of the payload. */
  readonly payloadIndex: Map<string, string>;
  /** Counts the operations that changed it. */
  operations: number;
}

export function checkVector(vector: readonly number[], { size }: Collection): void {
  if (vector.length !== size) throw badInput(`Vector dimension error: expected dim: ${size}, got ${vector.length}`);
}

/** The vector as a collection keeps it. */
export function kept(vector: readonly number[], { distance }: Collection): readonly number[] {
  const length = Math.hypot(...vector);
  return distance === 'Cosine' && length > 0 ? vector.map((value) => value / length) : vector;
}

/** Higher is better for Cosine and Dot, lower for the others. */
export function scoreOf({ distance }: Collection, a: readonly number[], b: readonly number[]): number {
  const at = (index: number): number => b[index] ?? 0;
  if (distance === 'Euclid') return Math.sqrt(a.reduce((sum, value, index) => sum + (value - at(index)) ** 2, 0));
  if (distance === 'Manhattan') return a.reduce((sum, value, index) => sum + Math.abs(value - at(index)), 0);
  return a.reduce((sum, value, index) => sum + value * at(index), 0);
}

export function isBetter({ distance }: Collection, a: number, b: number): number {
  return distance === 'Cosine' || distance === 'Dot' ? b - a : a - b;
}
