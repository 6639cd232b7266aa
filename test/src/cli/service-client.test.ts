import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Failure } from '#src/cli/failure.ts';
import { request } from '#src/cli/service-client.ts';

test.for(['null', '[]', '"busy"', '{"error":"Bad Gateway"}', '<html>'])('a refusal that says %s comes from no Banyan', async (body) => {
  const server = createServer((_request, response) => response.writeHead(502).end(body)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const service = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const error = await request(service, 'health').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Failure);
  expect(String(error)).toContain('is no Banyan');
});
