import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { eventually } from '../../../support/eventually.ts';
import { startApplication } from '../../../support/start-application.ts';
import { call } from '../rest-client.ts';

function form(files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>, fields: Readonly<Record<string, string>> = {}): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const [name, content] of Object.entries(files)) body.append('file', new Blob([content], { type: 'application/octet-stream' }), name);
  return body;
}

/** Sends bytes to the port and reads until the server hangs up. */
async function exchange(url: string, bytes: string, { halfClose = false } = {}): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let reply = '';
  socket.on('data', (data: Buffer) => (reply += data.toString()));
  socket.write(bytes);
  if (halfClose) socket.end();
  await once(socket, 'close');
  return reply;
}

const BOUNDARY = 'banyan-test';
const CUT_PART = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.md"\r\ncontent-type: text/markdown\r\n\r\n# Begun and`;

function post(body: string, contentLength: number): string {
  const head = ['POST /documents HTTP/1.1', 'host: 127.0.0.1', 'connection: close', `content-type: multipart/form-data; boundary=${BOUNDARY}`];
  return `${head.join('\r\n')}\r\ncontent-length: ${contentLength}\r\n\r\n${body}`;
}

describe('POST /documents', () => {
  test('each text file becomes a document that is called as its file, folders included', async () => {
    const { url } = await startApplication();
    const body = form({ 'guides/a.md': '# A\n\nOne.', 'b.txt': 'Two.' }, { wait: 'true', chunk_size: '64', overlap: '8' });
    expect(await call(`${url}/documents`, 'POST', body)).toMatchObject({ status: 200, body: { state: 'succeeded', indexed: 2 } });
    expect((await call(`${url}/documents`)).body['documents']).toMatchObject([{ id: 'b.txt' }, { id: 'guides/a.md', title: 'A' }]);
  });

  test('without `wait` the job is told at once', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/documents`, 'POST', form({ 'a.md': 'One.' }));
    expect([status, Object.keys(body)]).toEqual([202, ['job']]);
  });

  test('bad uploads are refused by their codes and by name, and none of their files is taken', async () => {
    const { url } = await startApplication({ env: { BANYAN_MAX_DOCUMENT_BYTES: '2048', BANYAN_MAX_BODY_BYTES: '8192' } });
    const refused: readonly (readonly [string, FormData, number, string, string | undefined])[] = [
      ['zero bytes', form({ 'good.md': 'Good.', 'empty.md': '' }), 400, 'DOCUMENT_EMPTY', 'documents[1].text'],
      ['not UTF-8', form({ 'good.md': 'Good.', 'latin.md': new Uint8Array([0x63, 0x61, 0x66, 0xe9]) }), 400, 'INVALID_REQUEST', 'latin.md'],
      ['no text file', form({ 'good.md': 'Good.', 'image.png': 'PNG' }), 415, 'UNSUPPORTED_MEDIA_TYPE', 'image.png'],
      ['too large', form({ 'good.md': 'Good.', 'large.md': 'x'.repeat(2049) }), 413, 'DOCUMENT_TOO_LARGE', 'large.md'],
      ['much too large', form({ 'good.md': 'Good.', 'huge.md': 'x'.repeat(1_000_000) }), 413, 'DOCUMENT_TOO_LARGE', 'huge.md'],
      ['too large together', form(Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`${n}.md`, 'x'.repeat(2000)]))), 413, 'BODY_TOO_LARGE', undefined],
      ['twice the same name', form({ 'a.md': 'One.' }), 400, 'DOCUMENT_DUPLICATE', 'documents[1].id'],
      ['no files', form({}, { wait: 'true' }), 400, 'INVALID_REQUEST', 'documents'],
      ['an unknown field', form({ 'a.md': 'One.' }, { waiting: 'true' }), 400, 'INVALID_REQUEST', 'waiting'],
      ['a size in words', form({ 'a.md': 'One.' }, { chunk_size: 'many' }), 400, 'INVALID_REQUEST', 'chunk_size'],
    ];
    refused[6]?.[1].append('file', new Blob(['Two.']), 'a.md');
    for (const [what, body, status, code, field] of refused) {
      const { status: got, body: reply } = await call(`${url}/documents`, 'POST', body);
      expect([what, got, reply.error?.code, reply.error?.details?.[0]?.field]).toEqual([what, status, code, field]);
    }
    expect((await call(`${url}/documents`)).body['documents']).toEqual([]);
    expect((await call(`${url}/jobs`)).body['jobs']).toEqual([]);
  });

  test('50 MB are refused while they are still being sent, and the reply arrives', async () => {
    const { url } = await startApplication();
    const large = await call(`${url}/documents`, 'POST', form({ 'large.md': 'x'.repeat(50_000_000) }));
    expect([large.status, large.body.error?.code]).toEqual([413, 'DOCUMENT_TOO_LARGE']);
    const json = await call(`${url}/index`, 'POST', { documents: [{ id: 'large', text: 'x'.repeat(50_000_000) }] });
    expect([json.status, json.body.error?.code]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test('an upload that ends in the middle is refused, and nothing of it is taken', async () => {
    const { url } = await startApplication();
    const whole = await exchange(url, post(CUT_PART, CUT_PART.length));
    expect(whole).toMatch(/^HTTP\/1\.1 400 /);
    expect(whole).toContain('UPLOAD_INCOMPLETE');
    const halfClosed = await exchange(url, post(CUT_PART, 100_000), { halfClose: true });
    expect(halfClosed).toMatch(/^HTTP\/1\.1 400 [^]*UPLOAD_INCOMPLETE/);
    expect((await call(`${url}/jobs`)).body['jobs']).toEqual([]);
    expect((await call(`${url}/livez`)).status).toBe(200);
  });

  test('a client that vanishes in the middle of an upload leaves nothing behind', async () => {
    const { url } = await startApplication();
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    await once(socket, 'connect');
    await new Promise((resolve) => socket.write(post(CUT_PART, 100_000), resolve));
    socket.resetAndDestroy();
    await eventually(async () => expect((await call(`${url}/livez`)).status).toBe(200));
    expect((await call(`${url}/jobs`)).body['jobs']).toEqual([]);
  });

  test('a body that is no form is refused', async () => {
    const { url } = await startApplication();
    const { status, body } = await call(`${url}/documents`, 'POST', { id: 'a', text: 'x' });
    expect([status, body.error?.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });
});

describe('malformed HTTP', () => {
  test.for<[string, string, RegExp]>([
    ['no request at all', 'hello there\r\n\r\n', /^HTTP\/1\.1 400 [^]*"INVALID_REQUEST"/],
    ['headers without an end', `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
    ['an address that cannot be decoded', 'GET /documents/%E0%A4%A HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 400 [^]*"INVALID_REQUEST"/],
  ])('%s is answered with an error of the usual shape', async ([, bytes, reply]) => {
    const { url } = await startApplication();
    expect(await exchange(url, bytes)).toMatch(reply);
    expect((await call(`${url}/livez`)).status).toBe(200);
  });
});
