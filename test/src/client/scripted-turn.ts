import type { Answer, AnswerEvent, Banyan } from '#src/client/api.ts';
import { connectClient, eventsOf } from './connect-client.ts';
import type { AcceptedSocket, ScriptedService } from './scripted-service.ts';
import { startScriptedService } from './scripted-service.ts';

export const QUESTION = 'What is a supervisor?';
export const NEW = { type: 'ready', session: 's1', last_seq: 0, resumed: false };
export const RESUMED = { ...NEW, resumed: true };
/** What ends have beside their text. */
export const REST = { citations: [], sources: [], cache_hit: false, latency_ms: 1, degraded: [], finish: 'stop', usage: {}, model: 'm' };

export function accepted({ id }: { readonly id: string }, seq: number, turn = 't1'): object {
  return { type: 'accepted', id, turn, question: QUESTION, seq };
}

export function delta(seq: number, text: string, from?: number): object {
  return { type: 'answer-delta', turn: 't1', text, seq, ...(from === undefined ? {} : { from }) };
}

export function end(seq: number, answer: string, turn = 't1'): object {
  return { type: 'answer-end', turn, answer, ...REST, seq };
}

export interface Answering {
  readonly service: ScriptedService;
  readonly banyan: Banyan;
  readonly answer: Answer;
  readonly socket: AcceptedSocket;
  readonly events: Promise<AnswerEvent[]>;
}

/** A service that has accepted one question, and said `one ` of the answer: its numbers are 1 and 2. */
export async function startAnswering(): Promise<Answering> {
  const service = await startScriptedService();
  const banyan = connectClient(service.url);
  const answer = banyan.ask(QUESTION);
  const socket = await service.accept();
  socket.send(NEW);
  socket.send(accepted(await socket.next('ask'), 1), delta(2, 'one '));
  const events = eventsOf(answer);
  events.catch(() => undefined); // some tests look only at the end
  return { service, banyan, answer, socket, events };
}
