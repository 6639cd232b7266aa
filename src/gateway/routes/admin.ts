import { clearCache } from '#agents/cache/cache.agent.ts';
import { blowFuse, resetFuse } from '#agents/fuse/fuse.agent.ts';
import { ServiceError } from '#src/errors.ts';
import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import type { App, Gateway } from '../app.ts';
import { reportEvent } from '../admin/report-event.ts';
import { replies } from '../schemas/errors.ts';
import { CacheReply, EventStreamText, FuseReply, KillReply, NameParams, TreeNode } from '../schemas/status.ts';
import { EventStream } from '../streams/event-stream.ts';
import { findNode, treeNode } from '../admin/tree-node.ts';

const tags = ['admin'];

/** For operators: the live tree, kills on purpose, what happens, cache and fuses. */
export function adminRoutes(app: App, gateway: Gateway): void {
  showTree(app, gateway);
  showEvents(app, gateway);
  operateActors(app, gateway);
  operateGuards(app, gateway);
}

function showTree(app: App, { services: { kernel } }: Gateway): void {
  const schema = { summary: 'The live supervision tree', tags, response: replies({ 200: TreeNode }, ['ACTOR_NOT_FOUND']) };
  app.get('/admin/tree', { schema }, () => treeNode(required(kernel.tree(), 'banyan')));
}

function operateActors(app: App, { services: { kernel, logger } }: Gateway): void {
  const node = { tags, params: NameParams, response: replies({ 200: TreeNode }, ['ACTOR_NOT_FOUND']) };
  app.get('/admin/actors/:name', { schema: { ...node, summary: 'One node of the tree, with what is below it' } }, (request) => {
    const { name } = request.params;
    return treeNode(required(findNode(kernel.tree(), name), name));
  });
  const kill = { tags, params: NameParams, response: replies({ 200: KillReply }, ['ACTOR_NOT_FOUND']) };
  app.post('/admin/actors/:name/kill', { schema: { ...kill, summary: 'Kill an actor on purpose' } }, (request, reply) => {
    const { name } = request.params;
    if (kernel.whereis(name) === undefined) throw notFound(name);
    logger.warn({ actor: name, client: request.ip }, 'Actor is killed by an operator');
    // The gateway and the root can be killed too: their reply has to be out before.
    reply.raw.once('close', () => kernel.kill(name));
    return { killed: name };
  });
}

function showEvents(app: App, gateway: Gateway): void {
  const { kernel } = gateway.services;
  const schema = { summary: 'What happens in the tree, as server-sent events', tags, response: replies({ 200: EventStreamText }, ['DRAINING']) };
  app.get('/admin/events', { schema }, async (_request, reply) => {
    if (gateway.connections.isDraining) throw new ServiceError('DRAINING');
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const stream = new EventStream(reply, gateway, () => resolve());
    const stop = kernel.onReport((report) => stream.event(report.type, JSON.stringify(reportEvent(report, kernel.clock.wallTime()))));
    await closed;
    stop();
    return reply;
  });
}

function operateGuards(app: App, { services: { kernel } }: Gateway): void {
  const cache = { summary: 'Empty the cache', tags, response: replies({ 200: CacheReply }, ['ACTOR_DOWN', 'ASK_TIMEOUT']) };
  app.post('/admin/cache/clear', { schema: cache }, async () => ({ removed: await clearCache(kernel) }));
  const fuse = { tags, params: NameParams, response: replies({ 200: FuseReply }, ['FUSE_NOT_FOUND', 'ACTOR_DOWN', 'ASK_TIMEOUT']) };
  app.post('/admin/fuses/:name/blow', { schema: { ...fuse, summary: 'Open a fuse by hand; it heals like one that melted' } }, async (request) => {
    await blowFuse(kernel, request.params.name);
    return { fuse: request.params.name, state: 'blown' as const };
  });
  app.post('/admin/fuses/:name/reset', { schema: { ...fuse, summary: 'Close a fuse by hand' } }, async (request) => {
    await resetFuse(kernel, request.params.name);
    return { fuse: request.params.name, state: 'closed' as const };
  });
}

function required(node: ProcessInfo | undefined, name: string): ProcessInfo {
  if (node === undefined) throw notFound(name);
  return node;
}

function notFound(name: string): ServiceError {
  return new ServiceError('ACTOR_NOT_FOUND', `no actor is called ${name}`);
}
