import { corruptChecksum, exceptionMessage } from './event-stream.ts';

/** Exceptions that come as a frame in the middle of a stream. */
const EXCEPTIONS: Readonly<Record<string, readonly [type: string, message: string]>> = {
  throttled: ['throttlingException', 'Too many tokens, please wait before trying again.'],
  internal: ['internalServerException', 'The system encountered an unexpected error during processing. Try your request again.'],
  unavailable: ['serviceUnavailableException', 'Bedrock is unable to process your request.'],
  model_error: ['modelStreamErrorException', 'The model returned an error while streaming.'],
  bad_request: ['validationException', 'The model refused the request.'],
};

const DEFAULT_FRAME = 3;

/**
 * Bends a stream as a script's `error` says: `bad-crc`, `cut-frame`, `no-stop` (everything but its end) or one of
 * `throttled-frame`, `internal-frame`, `unavailable-frame`, `model_error-frame`, `bad_request-frame`; the place follows
 * as `:N`, the messageStart frame is 0. Undefined for an error that is none of these.
 */
export function bendFrames(frames: readonly Buffer[], error: string): Buffer[] | undefined {
  const [, kind = '', exception, place] = /^(bad-crc|cut-frame|no-stop|([a-z_]+)-frame)(?::(\d+))?$/.exec(error) ?? [];
  const at = Math.min(Number(place ?? DEFAULT_FRAME), frames.length - 1);
  const frame = frames[at] ?? Buffer.alloc(0);
  if (kind === 'no-stop') return frames.slice(0, -2);
  if (kind === 'bad-crc') return frames.with(at, corruptChecksum(frame));
  if (kind === 'cut-frame') return [...frames.slice(0, at), frame.subarray(0, Math.floor(frame.length / 2))];
  const thrown = exception === undefined ? undefined : EXCEPTIONS[exception];
  return thrown === undefined ? undefined : [...frames.slice(0, at), exceptionMessage(...thrown)];
}
