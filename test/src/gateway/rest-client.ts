import type { ErrorBody } from '#src/errors.ts';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly error?: ErrorBody };
}

/** Sends JSON, or a body as it is, and reads JSON. */
export async function call(url: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof FormData;
  const type = body instanceof FormData || body === undefined ? {} : { 'content-type': 'application/json' };
  const content = isRaw ? (body as string | undefined) : JSON.stringify(body);
  const response = await fetch(url, { method, headers: { ...type, ...headers }, ...(content === undefined ? {} : { body: content }) });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : (JSON.parse(text) as Answered['body']) };
}

export const GUIDE = {
  id: 'guides/supervision.md',
  text: '# Supervision\n\nA supervisor is a process that watches its children. Banyan restarts a failed child with its supervisor.',
};

/** Brings documents in and waits until they answer. */
export async function index(url: string, documents: readonly object[] = [GUIDE]): Promise<void> {
  const { status, body } = await call(`${url}/index`, 'POST', { documents, wait: true });
  if (status !== 200) throw new Error(JSON.stringify(body));
}

export const QUESTION = 'What is a supervisor?';
