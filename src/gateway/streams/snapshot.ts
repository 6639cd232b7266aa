import type { LoggedFrame, SnapshotTurn } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Source } from '#src/ports/answer.ts';
import type { TenantStore, TurnRecord } from '#src/ports/store.ts';

/** The latest turns that a snapshot shows. */
const MAX_TURNS = 100;

interface OpenTurn {
  readonly id: string;
  readonly question: string;
  text: string;
  sources: readonly Source[];
}

/**
 * The JSON of a `snapshot` frame: where the session is, for a client that cannot be given the frames it missed.
 *
 * @param missed what the log holds of turns without an end. A turn that is in it is shown as it was then, though the
 *   store may have its end by now: the frames that follow tell that end.
 */
export async function snapshotOf(store: TenantStore, session: string, missed: readonly FrameRecord[]): Promise<string> {
  const open = openTurns(missed);
  const turns = await store.conversations.latestTurns(session, MAX_TURNS);
  const shown = turns.filter(({ id }) => !open.has(id)).map(storedTurn);
  const running = [...open].map(([turn, { id, question, text, sources }], at): SnapshotTurn => {
    return { id, turn, question, state: at === 0 ? 'running' : 'queued', text, sources };
  });
  return JSON.stringify({ type: 'snapshot', turns: [...shown, ...running] });
}

function openTurns(missed: readonly FrameRecord[]): Map<string, OpenTurn> {
  const open = new Map<string, OpenTurn>();
  for (const { json } of missed) note(open, JSON.parse(json) as LoggedFrame);
  return open;
}

function note(open: Map<string, OpenTurn>, frame: LoggedFrame): void {
  const turn = open.get(frame.turn);
  switch (frame.type) {
    case 'accepted':
      open.set(frame.turn, { id: frame.id, question: frame.question, text: '', sources: [] });
      break;
    case 'sources':
      if (turn !== undefined) turn.sources = frame.sources;
      break;
    case 'answer-delta':
      if (turn !== undefined) turn.text += frame.text;
      break;
    case 'answer-end':
    case 'answer-error':
      open.delete(frame.turn);
      break;
    case 'answer-start':
  }
}

function storedTurn({ id, askId, question, state, end, error }: TurnRecord): SnapshotTurn {
  const begin = { id: askId, turn: id, question };
  if (end !== null) return { ...begin, state: 'answered', text: end.answer, sources: end.sources, end };
  if (error !== null) return { ...begin, state: 'failed', text: '', sources: [], end: { error } };
  return { ...begin, state: state === 'accepted' ? 'queued' : state, text: '', sources: [] };
}
