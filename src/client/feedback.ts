import { BanyanError, protocolError, unreachable } from './banyan-error.ts';
import { isErrorBody } from './frame.ts';

const TIMEOUT_MS = 10_000;

export interface Feedback {
  readonly turn: string;
  readonly rating: 'up' | 'down';
  readonly comment?: string;
}

/** Over REST and not over the socket, where nothing confirms it. Rejects with BanyanError. */
export async function sendFeedback(base: URL, key: string | undefined, feedback: Feedback): Promise<void> {
  const response = await fetch(new URL('feedback', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify(feedback),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw unreachable({ cause: error });
  });
  if (response.ok) return void (await response.body?.cancel());
  const body = (await response.json().catch(() => undefined)) as { readonly error?: unknown } | null | undefined;
  throw isErrorBody(body?.error) ? new BanyanError(body.error) : protocolError(`The service answered with status ${response.status}.`);
}
