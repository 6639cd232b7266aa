import { ProviderError } from '#src/ports/provider-error.ts';

/** What a batch of vectors has to be. */
export interface ExpectedVectors {
  readonly account: string;
  readonly count: number;
  readonly dimension: number;
}

/**
 * The vectors of an answer, each of unit length whether the provider normalises or not. Throws ProviderError
 * `bad_response` when there are more or fewer than texts, when one has another dimension, a value that is no finite
 * number, or no direction: each would pass unnoticed into an index and be found by nothing.
 */
export function checkVectors(answered: unknown, expected: ExpectedVectors): Float32Array[] {
  if (!Array.isArray(answered)) throw misanswered(expected, `expected a list of vectors, got: ${kindOf(answered)}`);
  if (answered.length !== expected.count) {
    throw misanswered(expected, `expected ${expected.count} vectors, got: ${answered.length}`);
  }
  return answered.map((values) => unitVector(values, expected));
}

function unitVector(values: unknown, expected: ExpectedVectors): Float32Array {
  if (!Array.isArray(values)) throw misanswered(expected, `expected a vector, got: ${kindOf(values)}`);
  if (values.length !== expected.dimension) {
    throw misanswered(expected, `expected vectors of ${expected.dimension} dimensions, got: ${values.length}`);
  }
  let squares = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) throw misanswered(expected, `expected finite numbers in a vector, got: ${kindOf(value)}`);
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  if (length === 0 || !Number.isFinite(length)) throw misanswered(expected, `expected a vector with a direction, got length: ${length}`);
  const unit = new Float32Array(values.length);
  for (let at = 0; at < unit.length; at += 1) unit[at] = values[at] / length;
  return unit;
}

function misanswered({ account }: ExpectedVectors, message: string): ProviderError {
  return new ProviderError('bad_response', account, message);
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
