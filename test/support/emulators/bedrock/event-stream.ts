import { crc32 } from 'node:zlib';

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventStreamMessage {
  /** All of them strings, as Bedrock sends no others: `:message-type`, `:event-type`, `:content-type` … */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

const STRING_HEADER = 7;
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** Total length, length of the headers, checksum of both, headers, payload, checksum of all of it. */
export function encodeMessage(message: EventStreamMessage): Buffer {
  const headers = Buffer.concat(Object.entries(message.headers).map(([name, value]) => encodeHeader(name, value)));
  const payload = Buffer.from(message.payload, 'utf8');
  const prelude = Buffer.alloc(PRELUDE_BYTES);
  prelude.writeUInt32BE(PRELUDE_BYTES + headers.length + payload.length + CHECKSUM_BYTES, 0);
  prelude.writeUInt32BE(headers.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const unsealed = Buffer.concat([prelude, headers, payload]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(crc32(unsealed));
  return Buffer.concat([unsealed, checksum]);
}

/** The same message with a checksum that is not its own. */
export function corruptChecksum(encoded: Buffer): Buffer {
  const corrupted = Buffer.from(encoded);
  const last = corrupted.length - 1;
  corrupted[last] = (corrupted[last] ?? 0) ^ 0xff;
  return corrupted;
}

export function eventMessage(type: string, payload: object): Buffer {
  return encodeMessage({
    headers: { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' },
    payload: JSON.stringify(payload),
  });
}

/** `type` as the service model has it: `throttlingException`. */
export function exceptionMessage(type: string, message: string): Buffer {
  return encodeMessage({
    headers: { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' },
    payload: JSON.stringify({ message }),
  });
}

function encodeHeader(name: string, value: string): Buffer {
  const valueBytes = Buffer.from(value, 'utf8');
  const valueHead = Buffer.alloc(3);
  valueHead.writeUInt8(STRING_HEADER, 0);
  valueHead.writeUInt16BE(valueBytes.length, 1);
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name, 'utf8'), valueHead, valueBytes]);
}
