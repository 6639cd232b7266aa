import { request } from '../service-client.ts';
import type { SessionAccount } from './session-account.ts';

export interface UnfinishedTurn {
  readonly turn: string;
  /** When a frame of it came last; 0 where none came. */
  readonly lastMs: number;
}

interface StoredTurn {
  readonly id: string;
  readonly ask_id: string;
  readonly state: 'accepted' | 'answered' | 'failed';
  readonly end: { readonly answer: string } | null;
}

interface History {
  readonly turns: readonly StoredTurn[];
  readonly cursor: string | null;
}

const PAGE = 1000;

/** Holds what the clients saw against what the service has on disk in the end. */
export async function compareHistories(service: URL, accounts: readonly SessionAccount[]): Promise<{ unfinished: UnfinishedTurn[]; differing: string[] }> {
  const unfinished: UnfinishedTurn[] = [];
  const differing: string[] = [];
  for (const account of accounts.filter(({ session, turns }) => session !== '' && turns.size > 0)) {
    const stored = await readHistory(service, account.session);
    for (const { turn, ends, lastMs } of account.turns.values()) {
      if (ends === 0 || stored.get(turn)?.state === 'accepted') unfinished.push({ turn, lastMs });
    }
    differing.push(...differencesOf(account, stored));
  }
  return { unfinished, differing };
}

async function readHistory(service: URL, session: string): Promise<ReadonlyMap<string, StoredTurn>> {
  const turns = new Map<string, StoredTurn>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: History = await request(service, `sessions/${session}?limit=${PAGE}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    for (const turn of page.turns) turns.set(turn.id, turn);
    ({ cursor } = page);
  }
  return turns;
}

function* differencesOf({ session, turns }: SessionAccount, stored: ReadonlyMap<string, StoredTurn>): Iterable<string> {
  for (const { turn, text } of turns.values()) {
    const record = stored.get(turn);
    if (record === undefined) yield `session ${session}: turn ${turn} is not in the history`;
    else if (record.end !== null && record.end.answer !== text) yield `session ${session}: turn ${turn} has another answer in the history`;
  }
  for (const { id, ask_id: askId } of stored.values()) {
    if (!turns.has(id)) yield `session ${session}: turn ${id} of question ${askId} was never told`;
  }
}
