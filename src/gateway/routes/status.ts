import { health } from '#agents/health/health.agent.ts';
import { statistics } from '#agents/rag/rag.agent.ts';
import type { App, Gateway } from '../app.ts';
import { replies } from '../schemas/errors.ts';
import { HealthReply, LiveReply, PlainText, ReadyReply, StatisticsReply } from '../schemas/status.ts';

const tags = ['status'];

/** How the service is: for people, for orchestrators, for scrapers. */
export function statusRoutes(app: App, gateway: Gateway): void {
  showStatistics(app, gateway);
  showHealth(app, gateway);
  showLife(app, gateway);
  showMetrics(app, gateway);
}

function showStatistics(app: App, { services: { kernel, sessions }, connections }: Gateway): void {
  const schema = { summary: 'Questions since the start', tags, response: replies({ 200: StatisticsReply }) };
  app.get('/stats', { schema }, async () => {
    return { ...statistics(kernel), sockets: connections.sockets.size, active_sessions: sessions.activeSessions() };
  });
}

function showHealth(app: App, { services: { kernel, version } }: Gateway): void {
  const schema = { summary: 'Health of the parts', tags, response: replies({ 200: HealthReply }) };
  app.get('/health', { schema }, async () => {
    const { status, components } = await health(kernel);
    return { status, components, uptime_seconds: Math.round(process.uptime() * 10) / 10, version };
  });
}

function showLife(app: App, { services: { kernel }, connections }: Gateway): void {
  app.get('/livez', { schema: { summary: 'The process runs', tags, response: replies({ 200: LiveReply }) } }, () => ({ status: 'alive' as const }));
  const schema = { summary: 'Questions are taken', tags, response: replies({ 200: ReadyReply, 503: ReadyReply }) };
  app.get('/readyz', { schema }, async (_request, reply) => {
    if (connections.isDraining) return reply.code(503).send({ status: 'draining' });
    const { status } = await health(kernel);
    return status === 'critical' ? reply.code(503).send({ status: 'critical' }) : { status: 'ready' as const };
  });
}

function showMetrics(app: App, { services: { metrics, sessions }, connections }: Gateway): void {
  const { registry, activeRequests } = metrics;
  app.get('/metrics', { schema: { summary: 'Prometheus metrics', tags, response: replies({ 200: PlainText }) } }, async (_request, reply) => {
    activeRequests.set(Math.max(sessions.activeSessions(), connections.answering));
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
