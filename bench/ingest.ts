import type { NewDocument } from '#src/ports/store.ts';

/** As `banyan seed` sends them. */
const DOCUMENTS_PER_REQUEST = 32;

/** Indexes documents through `POST /index`, one batch after the other, each waited for. */
export async function ingest(url: string, documents: readonly NewDocument[]): Promise<void> {
  for (let start = 0; start < documents.length; start += DOCUMENTS_PER_REQUEST) {
    const body = { documents: documents.slice(start, start + DOCUMENTS_PER_REQUEST), wait: true };
    await postJson(`${url}/index`, body);
  }
}

/** Rejects when the answer is not a success. */
export async function postJson<Reply>(url: string, body: object): Promise<Reply> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Reply;
}
