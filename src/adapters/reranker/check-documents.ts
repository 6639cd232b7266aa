import type { BatchLimits } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

/**
 * Refuses before the wire what the provider would refuse. Throws ProviderError `too_large` above the limits,
 * `bad_request` for a question or document of white space only.
 */
export function checkDocuments(question: string, documents: readonly string[], limits: BatchLimits, account: string): void {
  if (documents.length > limits.maxItems) {
    throw new ProviderError('too_large', account, `expected at most ${limits.maxItems} documents in a request, got: ${documents.length}`);
  }
  const texts = [question, ...documents];
  if (texts.some((text) => text.trim() === '')) throw new ProviderError('bad_request', account, 'the question or a document is empty');
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes > limits.maxBytes) {
    throw new ProviderError('too_large', account, `expected at most ${limits.maxBytes} bytes in a request, got: ${bytes}`);
  }
}
