import { ServiceError } from '#src/errors.ts';
import { EXIT } from './command.ts';

/** The command line is wrong: one sentence, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command cannot do its work: one sentence that says what to do, exit 1. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** How a failed command ends. Throws what is no failure of a kind that is known: that is a mistake in the program. */
export function describeFailure(error: unknown): { readonly lines: readonly string[]; readonly exitCode: number } {
  if (error instanceof UsageError) return { lines: [error.message], exitCode: EXIT.usage };
  if (error instanceof Failure) return { lines: [error.message], exitCode: EXIT.failed };
  if (error instanceof ServiceError) {
    return { lines: describeServiceError(error), exitCode: error.code === 'CONFIG_INVALID' ? EXIT.config : EXIT.failed };
  }
  if (error instanceof Error && error.name === 'AbortError') return { lines: [], exitCode: EXIT.interrupted };
  throw error;
}

/** The code and the sentence, then one line for each detail. The message of faulty settings holds its details already. */
export function describeServiceError(error: ServiceError): readonly string[] {
  const first = `${error.code}: ${error.message}`;
  if (error.code === 'CONFIG_INVALID') return first.split('\n');
  return [first, ...(error.details ?? []).map(({ field, expected, got }) => `  ${field}: expected ${expected}, got: ${got}`)];
}
