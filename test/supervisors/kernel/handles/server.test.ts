import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { server } from '#supervisors/kernel/handles/server.ts';
import type { OpenServer } from '#supervisors/kernel/handles/server.ts';
import { SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import { TestTree } from '../../../support/test-tree.ts';
import { eventually } from '../../../support/eventually.ts';

/** A TCP server on one port, whose every incarnation needs that port free. */
async function open(port: number): Promise<OpenServer & { readonly table: number }> {
  const sockets = new Set<Socket>();
  const listening = await listen(port, sockets);
  const closed = new Promise<void>((resolve) => void listening.once('close', () => resolve()));
  return {
    table: (listening.address() as AddressInfo).port,
    state: () => 'listening',
    close: () => (listening.close(), closed),
    destroy: () => {
      for (const socket of sockets) socket.destroy();
      listening.close();
      return closed;
    },
  };
}

function listen(port: number, sockets: Set<Socket>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const listening = createServer((socket) => void sockets.add(socket.on('error', () => socket.destroy())));
    listening.once('error', reject);
    listening.listen(port, '127.0.0.1', () => resolve(listening));
  });
}

async function freePort(): Promise<number> {
  const opened = await open(0);
  await opened.close();
  return opened.table;
}

describe('server', () => {
  test('a killed server is started again when its port is free, and no sooner', async () => {
    await using tree = new TestTree();
    const port = await freePort();
    const sibling = tree.child('sibling');
    await tree.boot({ intensity: 5, children: [sibling.spec(), { id: 'tcp', name: 'tcp', start: server(() => open(port)) }] });
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => client.once('connect', resolve));
    const gone = new Promise((resolve) => client.once('close', resolve));
    const before = tree.kernel.whereis('tcp');

    tree.kernel.kill('tcp');
    await gone;
    await eventually(() => expect(tree.kernel.whereis('tcp')).toBeDefined());
    expect([tree.kernel.whereis('tcp') === before, tree.kernel.table('tcp'), sibling.starts]).toEqual([false, port, 1]);
    expect(tree.story).toEqual(['exit tcp: killed', 'child_terminated tcp: killed', 'progress tcp', 'restart tcp']);
  });

  test('a server whose port is taken fails its start with that error', async () => {
    await using tree = new TestTree();
    const holder = await open(0);
    await tree.boot({ children: [] });
    const result = await tree.root.startChild({ id: 'tcp', start: server(() => open(holder.table)) });
    expect(result).toMatchObject({ ok: false, error: { tag: 'start_failed', reason: { code: 'EADDRINUSE' } } });
    await holder.close();
  });

  test('a server lets what runs come to its end, and is destroyed when that takes too long', async () => {
    await using tree = new TestTree();
    const port = await freePort();
    await tree.boot({ children: [{ id: 'tcp', shutdown: 100, start: server(() => open(port)) }] });
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => client.once('connect', resolve));
    const stopped = tree.kernel.stop();
    await tree.clock.advance(99);
    expect(client.closed).toBe(false);
    await tree.clock.advance(1);
    expect(await stopped).toEqual(SHUTDOWN);
    expect(tree.errors).toEqual(['shutdown_error tcp: killed']);
    await (await open(port)).close();
  });

  test('a server that opens only after it was given up is destroyed', async () => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    const late = Promise.withResolvers<OpenServer>();
    const starting = tree.root.startChild({ id: 'tcp', startTimeoutMs: 100, start: server(() => late.promise) });
    await tree.clock.advance(100);
    await starting;
    const opened = await open(0);
    late.resolve(opened);
    await tree.settled();
    const again = await open(opened.table);
    await again.close();
    expect(again.table).toBe(opened.table);
  });

  test('a server that cannot close is destroyed and reported', async () => {
    await using tree = new TestTree();
    let destroyed = 0;
    const broken: OpenServer = { close: () => Promise.reject(new Error('stuck')), destroy: () => void (destroyed += 1) };
    await tree.boot({ children: [{ id: 'tcp', start: server(() => broken) }] });
    expect(await tree.kernel.stop()).toEqual(SHUTDOWN);
    expect([destroyed, tree.errors]).toEqual([1, ['shutdown_error tcp: error: Error: stuck']]);
  });

  test('events reach it and its state is shown', async () => {
    await using tree = new TestTree();
    const events: unknown[] = [];
    const plain: OpenServer = { close: async () => undefined, destroy: () => undefined, send: (event) => events.push(event), state: () => 'open' };
    await tree.boot({ children: [{ id: 'plain', name: 'plain', start: server(() => plain) }] });
    tree.kernel.send('plain', { type: 'x' });
    await tree.settled();
    expect([events, tree.kernel.tree()?.children[0]?.state]).toEqual([[{ type: 'x' }], 'open']);
  });
});
