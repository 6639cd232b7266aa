import { Type } from 'typebox';
import { CLOSED, nullable } from './limits.ts';

const Actor = Type.Object({ id: Type.String(), name: Type.String(), supervisor: nullable(Type.String()) });
const Reason = Type.Object({ name: Type.String(), message: Type.String(), code: Type.Optional(Type.String()) });
const summary = { id: Type.String(), at: Type.String({ description: 'ISO, UTC.' }), actor: Actor, reason: Reason };

export const CrashList = Type.Object({ crashes: Type.Array(Type.Object(summary), { description: 'Latest first, at most 50.' }) });

/** A capsule as `banyan replay` takes it. */
export const CrashReply = Type.Object({
  format: Type.Integer(),
  ...summary,
  question: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'What was asked, and how.' })),
  steps: Type.Optional(Type.Unsafe<object>({ type: 'object', description: 'The results of the steps that were done, with their evidence.' })),
  state: Type.Optional(Type.Unsafe<object>({ type: 'object' })),
  events: Type.Optional(Type.Array(Type.Unsafe<object>({ type: 'object' }), { description: 'The last events of the actor, oldest first.' })),
  versions: Type.Record(Type.String(), Type.String()),
  settings: Type.Unsafe<object>({ type: 'object', description: 'Without secrets.' }),
});

export const CrashParams = Type.Object(
  { id: Type.String({ minLength: 1, maxLength: 128, examples: ['2026-11-21T14-03-07.512Z-query-5f0c1a'] }) },
  CLOSED,
);
