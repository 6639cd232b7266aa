import type { CapsuleSummary } from '#src/telemetry/capsules/capsule.ts';
import type { App, Gateway } from '../app.ts';
import { CrashList, CrashParams, CrashReply } from '../schemas/crashes.ts';
import { replies } from '../schemas/errors.ts';

const tags = ['admin'];

/** What is known of actors that crashed: the capsules in the data directory. */
export function crashRoutes(app: App, { services: { crashes } }: Gateway): void {
  const list = { summary: 'Crashes, latest first', tags, response: replies({ 200: CrashList }) };
  app.get('/admin/crashes', { schema: list }, async () => ({ crashes: (await crashes.list()).map(toSummary) }));

  const one = { summary: 'All that is known of one crash', description: 'Save it and run `banyan replay` on it.', tags, params: CrashParams };
  const schema = { ...one, response: replies({ 200: CrashReply }, ['CRASH_NOT_FOUND']) };
  app.get('/admin/crashes/:id', { schema }, (request) => crashes.read(request.params.id));
}

function toSummary({ id, at, actor, reason: { name, message, code } }: CapsuleSummary) {
  return { id, at, actor, reason: { name, message, ...(code === undefined ? {} : { code }) } };
}
