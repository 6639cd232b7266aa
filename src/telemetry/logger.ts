import type { DestinationStream, Logger, LoggerOptions } from 'pino';
import pino from 'pino';
import type { Config } from '#config/schema.ts';
import { censorSecrets } from './secrets.ts';

export type { Logger } from 'pino';

export interface LoggingOptions {
  readonly level: Config['logLevel'];
  /** For people at a terminal instead of JSON lines. */
  readonly isPretty: boolean;
  /** Standard output where absent. */
  readonly destination?: DestinationStream;
}

/** Lines are written together: a write for each would cost more than the line. */
const LOG_BUFFER_BYTES = 16_000;
const LOG_FLUSH_MS = 100;

/** Gives a part of the service its logger: every line names the part as `target`. */
export type LoggerFor = (target: string) => Logger;

/**
 * Makes the loggers of the process: one line of JSON with `timestamp` (ISO, UTC), `level` as a word, `target`, `message`.
 * Secrets among a line's fields are censored; what is bound to a child logger is not, so bind none.
 * Lines are written within 100 ms, and at exit.
 */
export async function createLogging({ level, isPretty, destination }: LoggingOptions): Promise<LoggerFor> {
  const output = destination ?? pino.destination({ fd: 1, sync: false, minLength: LOG_BUFFER_BYTES, periodicFlush: LOG_FLUSH_MS });
  const logger = pino(pinoOptions(level), isPretty ? await prettyStream(output) : output);
  return (target) => logger.child({ target });
}

function pinoOptions(level: string): LoggerOptions {
  return {
    level,
    base: null,
    messageKey: 'message',
    errorKey: 'error',
    timestamp: createTimestamp(),
    formatters: { level: (label) => ({ level: label }), log: censorSecrets },
    serializers: { error: describeError },
  };
}

/** Many lines are of the same millisecond. */
function createTimestamp(): () => string {
  let last = 0;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) text = `,"timestamp":"${new Date(now).toISOString()}"`;
    last = now;
    return text;
  };
}

/** Errors of vendors' libraries carry whole requests, keys included. */
function describeError(error: Error): object {
  return censorSecrets({ ...pino.stdSerializers.err(error) });
}

/** In this thread: pino's own transport would cost a worker, some 30 MB. Loaded only where somebody reads. */
async function prettyStream(destination: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({
    colorize: true,
    messageKey: 'message',
    timestampKey: 'timestamp',
    errorLikeObjectKeys: ['error'],
    messageFormat: '{target}: {message}',
    ignore: 'target',
    translateTime: 'SYS:HH:MM:ss.l',
  });
  return { write: (line) => destination.write(String(prettify(line))) };
}
