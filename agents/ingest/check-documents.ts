import type { ErrorCode, ErrorDetail } from '#src/errors.ts';
import { ServiceError } from '#src/errors.ts';
import type { NewDocument } from '#src/ports/store.ts';

const MAX_ID_LENGTH = 512;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** Refuses a batch as a whole, naming the first document that cannot be taken. */
export function checkDocuments(documents: readonly NewDocument[], maxBytes: number): void {
  if (documents.length === 0) refuse('INVALID_REQUEST', { field: 'documents', expected: 'at least one document', got: 'none' });
  const ids = new Set<string>();
  documents.forEach((document, index) => {
    const field = `documents[${index}]`;
    checkId(document.id, `${field}.id`);
    if (ids.has(document.id)) refuse('DOCUMENT_DUPLICATE', { field: `${field}.id`, expected: 'an id that no other document has', got: document.id });
    ids.add(document.id);
    checkText(document, `${field}.text`, maxBytes);
  });
}

function checkId(id: string, field: string): void {
  if (id.trim() === '' || id.length > MAX_ID_LENGTH || CONTROL_CHARACTER.test(id)) {
    refuse('INVALID_REQUEST', { field, expected: `1 to ${MAX_ID_LENGTH} characters, none of them a control character`, got: JSON.stringify(id.slice(0, 80)) });
  }
}

function checkText({ id, text }: NewDocument, field: string, maxBytes: number): void {
  if (text.trim() === '') refuse('DOCUMENT_EMPTY', { field, expected: 'some text', got: `none in ${id}` });
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) refuse('DOCUMENT_TOO_LARGE', { field, expected: `at most ${maxBytes} bytes`, got: `${bytes} bytes in ${id}` });
}

function refuse(code: ErrorCode, detail: ErrorDetail): never {
  throw new ServiceError(code, `expected ${detail.field} to be ${detail.expected}, got: ${detail.got}`, { details: [detail] });
}
