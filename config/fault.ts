import type { ErrorDetail } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';

/** One thing that is wrong with the settings, as a line for people and as a detail for programs. */
export interface Fault {
  readonly line: string;
  readonly detail: ErrorDetail;
}

export function wrongValue(field: string, expected: string, got: string): Fault {
  return { line: `expected ${field} to be ${expected}, got: ${got}`, detail: { field, expected, got } };
}

/** One error for all faults: a line for each in the message, a detail for each. */
export function configInvalid(faults: readonly Fault[], cause?: unknown): ServiceError {
  const details = faults.map((fault) => fault.detail);
  return new ServiceError('CONFIG_INVALID', faults.map((fault) => fault.line).join('\n'), { details, cause });
}
