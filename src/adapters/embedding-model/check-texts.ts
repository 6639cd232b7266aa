import type { BatchLimits } from '#src/ports/embedding-model.ts';
import { ProviderError } from '#src/ports/provider-error.ts';

/**
 * Refuses before the wire what the provider would refuse, or worse, answer with fewer vectors. Throws ProviderError
 * `too_large` above the limits, `bad_request` for a text of white space only.
 */
export function checkTexts(texts: readonly string[], limits: BatchLimits, account: string): void {
  if (texts.length > limits.maxItems) {
    throw new ProviderError('too_large', account, `expected at most ${limits.maxItems} texts in a request, got: ${texts.length}`);
  }
  let bytes = 0;
  for (const [index, text] of texts.entries()) {
    if (text.trim() === '') throw new ProviderError('bad_request', account, `text ${index} of ${texts.length} is empty`);
    bytes += Buffer.byteLength(text);
  }
  if (bytes > limits.maxBytes) {
    throw new ProviderError('too_large', account, `expected at most ${limits.maxBytes} bytes of text in a request, got: ${bytes}`);
  }
}
