import type { DatabaseSync } from 'node:sqlite';
import type { ConversationEvent } from './events.ts';
import { CachedTurnRows } from './cached-turns.ts';
import { SessionRows } from './sessions.ts';
import { SettingRows } from './settings.ts';
import { TurnRows } from './turns.ts';

/** The operations on `conversations.db`, one for each event. The caller owns the transaction. */
export function conversations(database: DatabaseSync): (event: ConversationEvent) => unknown {
  const sessions = new SessionRows(database);
  const turns = new TurnRows(database, sessions);
  const cached = new CachedTurnRows(database, sessions);
  const settings = new SettingRows(database);
  return (event) => apply({ sessions, turns, cached, settings }, event);
}

interface Rows {
  readonly sessions: SessionRows;
  readonly turns: TurnRows;
  readonly cached: CachedTurnRows;
  readonly settings: SettingRows;
}

function apply({ sessions, turns, cached, settings }: Rows, event: ConversationEvent): unknown {
  const { tenant } = event;
  switch (event.type) {
    case 'accept-turn':
      return turns.accept(tenant, event.turn);
    case 'begin-attempt':
      return turns.beginAttempt(tenant, event);
    case 'reset-attempts':
      return turns.resetAttempts(tenant, event.turn, event.attempts);
    case 'end-turn':
      return turns.end(tenant, event.turn, event.outcome, event.endedAt);
    case 'record-cached-turns':
      return cached.record(tenant, event);
    case 'get-turn':
      return turns.get(tenant, event.turn);
    case 'unfinished-turns':
      return turns.unfinished(tenant, event.session);
    case 'get-session':
      return sessions.get(tenant, event.session);
    case 'list-turns':
      return sessions.listTurns(tenant, event.session, event.page);
    case 'latest-turns':
      return sessions.latestTurns(tenant, event.session, event.limit);
    case 'list-sessions':
      return sessions.list(tenant, event.page);
    case 'delete-session':
      cached.releaseAnswers(tenant, event.session);
      return sessions.delete(tenant, event.session);
    case 'read-setting':
      return settings.read(tenant, event.name);
    case 'write-setting':
      return settings.write(tenant, event.name, event.value);
    case 'add-feedback':
      return turns.addFeedback(tenant, event.feedback, event.at);
    default:
      return unknownEvent(event);
  }
}

function unknownEvent(event: never): never {
  throw new TypeError(`the conversations worker does not know the event ${JSON.stringify(event)}`);
}
