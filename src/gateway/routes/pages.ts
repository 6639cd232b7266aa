import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientModule, webRoot } from '#src/locations.ts';
import type { App } from '../app.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** Nothing from elsewhere, nothing inline: text from documents that slips through as markup stays without effect. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

interface Page {
  readonly contentType: string;
  readonly body: Buffer;
  readonly etag: string;
}

/**
 * Serves the files of the web folder as they are at the start: the chat at `/` and `/rag`, everything else by its path;
 * and `banyan/client`, which the pages use, at `/client.js`.
 */
export async function pageRoutes(app: App): Promise<void> {
  for (const [path, page] of await readPages()) {
    const urls = path === 'index.html' ? ['/', '/rag', '/index.html'] : [`/${path}`];
    for (const url of urls) servePage(app, url, () => page);
  }
  await clientRoutes(app, fileURLToPath(clientModule));
}

async function readPages(): Promise<readonly (readonly [string, Page])[]> {
  const root = fileURLToPath(webRoot);
  if (!existsSync(root)) return [];
  const entries = await readdir(root, { recursive: true });
  const paths = entries.filter((path) => CONTENT_TYPES[extname(path)] !== undefined);
  return Promise.all(paths.map(async (path) => [path.replaceAll('\\', '/'), await readPage(join(root, path))] as const));
}

async function clientRoutes(app: App, file: string): Promise<void> {
  if (file.endsWith('.ts')) return await clientSourceRoutes(app, dirname(file));
  if (!existsSync(file)) return;
  const page = await readPage(file);
  servePage(app, '/client.js', () => page);
}

/** Without a build the client is its modules, each without its types. They are taken off when somebody asks. */
async function clientSourceRoutes(app: App, folder: string): Promise<void> {
  const entry = toPage(CONTENT_TYPES['.js'], Buffer.from("export * from '/client/client.ts';"));
  servePage(app, '/client.js', () => entry);
  for (const name of await readdir(folder)) {
    const source = await readFile(join(folder, name), 'utf8');
    servePage(app, `/client/${name}`, () => toPage(CONTENT_TYPES['.js'], Buffer.from(stripTypeScriptTypes(source))));
  }
}

async function readPage(file: string): Promise<Page> {
  return toPage(CONTENT_TYPES[extname(file)], await readFile(file));
}

function toPage(contentType = 'application/octet-stream', body: Buffer): Page {
  return { contentType, body, etag: `"${hash('sha256', body, 'base64url')}"` };
}

function servePage(app: App, url: string, page: () => Page): void {
  app.get(url, { schema: { hide: true } }, (request, reply) => sendPage(page(), request, reply));
}

function sendPage({ contentType, body, etag }: Page, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers(SECURITY_HEADERS).header('etag', etag).header('cache-control', 'no-cache');
  if (headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(contentType).send(body);
}
