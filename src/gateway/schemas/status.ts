import { Type } from 'typebox';
import { CLOSED, nullable, oneOf } from './limits.ts';

export const NoContent = Type.Null({ description: 'Done; there is nothing to say.' });
export const EventStreamText = Type.String({ description: 'text/event-stream' });
export const PlainText = Type.String();

export const StatisticsReply = Type.Object({
  queries: Type.Integer({ minimum: 0 }),
  hits: Type.Integer({ minimum: 0 }),
  misses: Type.Integer({ minimum: 0 }),
  errors: Type.Integer({ minimum: 0 }),
  hit_rate: Type.Number({ minimum: 0, maximum: 100, description: 'Percent.' }),
  sockets: Type.Integer({ minimum: 0 }),
  active_sessions: Type.Integer({ minimum: 0 }),
});

export const HealthReply = Type.Object({
  status: oneOf(['healthy', 'degraded', 'critical']),
  components: Type.Record(Type.String(), oneOf(['up', 'down', 'degraded'])),
  uptime_seconds: Type.Number({ minimum: 0 }),
  version: Type.String(),
});

export const LiveReply = Type.Object({ status: oneOf(['alive']) });
export const ReadyReply = Type.Object({ status: oneOf(['ready', 'draining', 'critical']) });

/** One node of the live tree; `children_total` where only the first of many children are shown. */
export const TreeNode = Type.Object({
  id: Type.String(),
  name: nullable(Type.String()),
  type: oneOf(['worker', 'supervisor']),
  strategy: Type.Optional(oneOf(['one_for_one', 'one_for_all', 'rest_for_one', 'dynamic'])),
  state: Type.Optional(Type.String()),
  status: oneOf(['starting', 'running', 'restarting', 'stopped']),
  restarts: Type.Integer({ minimum: 0 }),
  started_at: nullable(Type.String()),
  mailbox: Type.Integer({ minimum: 0 }),
  children: Type.Array(Type.Unsafe<object>({ type: 'object', description: 'A node of the same shape.' })),
  children_total: Type.Optional(Type.Integer({ minimum: 0 })),
});

export const NameParams = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 256, examples: ['cache'] }) },
  { ...CLOSED, description: 'A registered name, such as `cache` or `fuse:extractive:quotes`.' },
);
export const KillReply = Type.Object({ killed: Type.String() });
export const CacheReply = Type.Object({ removed: Type.Integer({ minimum: 0 }) });
export const FuseReply = Type.Object({ fuse: Type.String(), state: oneOf(['blown', 'closed']) });
