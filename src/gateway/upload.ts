import { isUtf8 } from 'node:buffer';
import { extname } from 'node:path';
import type { MultipartFile, MultipartValue } from '@fastify/multipart';
import type { FastifyError, FastifyRequest } from 'fastify';
import type { Config } from '#config/schema.ts';
import type { ErrorCode } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { Chunking, NewDocument } from '#src/ports/store.ts';
import { parseChunking } from '#src/rag/chunk.ts';
import { describeValue, fieldRefusal } from './validation.ts';

const TEXT_EXTENSIONS: ReadonlySet<string> = new Set(['.md', '.markdown', '.mdx', '.txt', '.text', '.rst', '.adoc', '.org', '.livemd']);
const MAX_FILES = 1000;
const MAX_FIELD_BYTES = 64;

export interface Upload {
  readonly documents: readonly NewDocument[];
  readonly chunking: Chunking;
  readonly isAwaited: boolean;
}

/** Limits for the multipart parser. */
export function uploadLimits({ maxDocumentBytes }: Config) {
  // One byte more than is allowed, so that a file of just the allowed size is not taken for a cut one.
  return { fileSize: maxDocumentBytes + 1, files: MAX_FILES, fields: 3, parts: MAX_FILES + 3, fieldSize: MAX_FIELD_BYTES, fieldNameSize: MAX_FIELD_BYTES };
}

/**
 * Reads the files and fields of a multipart body, all in memory, before anything is indexed. Throws UPLOAD_INCOMPLETE
 * when the body ends early, BODY_TOO_LARGE, DOCUMENT_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST.
 */
export async function readUpload(request: FastifyRequest, config: Config): Promise<Upload> {
  if (!request.isMultipart()) throw new ServiceError('UNSUPPORTED_MEDIA_TYPE', 'the body is not multipart/form-data');
  const documents: NewDocument[] = [];
  const fields = new Map<string, string>();
  let bytes = 0;
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') fields.set(part.fieldname, readField(part));
      else {
        const content = await part.toBuffer();
        bytes += content.length;
        if (bytes > config.maxBodyBytes) throw new ServiceError('BODY_TOO_LARGE', `the files have more than ${config.maxBodyBytes} bytes`);
        documents.push(toDocument(part, content, config.maxDocumentBytes));
      }
    }
  } catch (error) {
    throw asRefusal(error);
  }
  return { documents, ...readOptions(fields) };
}

function toDocument({ filename, mimetype }: MultipartFile, content: Buffer, maxBytes: number): NewDocument {
  if (content.length > maxBytes) throw tooLarge(filename, maxBytes);
  if (!TEXT_EXTENSIONS.has(extname(filename).toLowerCase()) && !mimetype.startsWith('text/')) {
    throw fieldRefusal('UNSUPPORTED_MEDIA_TYPE', { field: filename, expected: `a text file: ${[...TEXT_EXTENSIONS].join(' ')}`, got: mimetype });
  }
  if (!isUtf8(content)) throw fieldRefusal('INVALID_REQUEST', { field: filename, expected: 'text in UTF-8', got: 'bytes that are not UTF-8' });
  return { id: filename, text: content.toString() };
}

function tooLarge(filename: string, maxBytes: number): ServiceError {
  return fieldRefusal('DOCUMENT_TOO_LARGE', { field: filename, expected: `at most ${maxBytes} bytes`, got: 'more' });
}

function readField({ fieldname, value }: MultipartValue): string {
  if (!['chunk_size', 'overlap', 'wait'].includes(fieldname)) {
    throw fieldRefusal('INVALID_REQUEST', { field: fieldname, expected: 'a file, or one of chunk_size, overlap, wait', got: 'an unknown field' });
  }
  if (typeof value !== 'string') throw fieldRefusal('INVALID_REQUEST', { field: fieldname, expected: 'a text', got: describeValue(value) });
  return value;
}

function readOptions(fields: ReadonlyMap<string, string>): Omit<Upload, 'documents'> {
  const wait = fields.get('wait') ?? 'false';
  if (wait !== 'true' && wait !== 'false') throw fieldRefusal('INVALID_REQUEST', { field: 'wait', expected: 'true or false', got: describeValue(wait) });
  const chunk_size = readNumber(fields.get('chunk_size'));
  const overlap = readNumber(fields.get('overlap'));
  const chunking = parseChunking({ ...(chunk_size === undefined ? {} : { chunk_size }), ...(overlap === undefined ? {} : { overlap }) });
  return { chunking, isAwaited: wait === 'true' };
}

/** What is not written in digits stays as it is: the chunker refuses it by name. */
function readNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  FST_REQ_FILE_TOO_LARGE: 'DOCUMENT_TOO_LARGE',
  FST_FILES_LIMIT: 'BODY_TOO_LARGE',
  FST_PARTS_LIMIT: 'BODY_TOO_LARGE',
  FST_FIELDS_LIMIT: 'INVALID_REQUEST',
  FST_PROTO_VIOLATION: 'INVALID_REQUEST',
  FST_INVALID_JSON_FIELD_ERROR: 'INVALID_REQUEST',
};

/** The parser tells a body that ends early, or is no multipart, by errors without a code. */
function asRefusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code, message, part } = error as FastifyError & { readonly part?: { readonly filename?: string } };
  const details = part?.filename === undefined ? {} : { details: [{ field: part.filename, expected: 'a smaller file' }] };
  return new ServiceError(CODE_OF[code] ?? 'UPLOAD_INCOMPLETE', message, { cause: error, ...details });
}
