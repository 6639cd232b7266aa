/**
 * The conversation as data: pure functions from what is known and what comes to what is known then. Frames carry the
 * numbers of the session's log, so that each is taken once, in order, however often the socket breaks.
 *
 * @import { AnswerEnd, ClientFrame, Conversation, ErrorBody, NumberedFrame, ServerError, ServerFrame, SnapshotTurn, Turn } from './types.ts'
 */

const MAX_NOTICES = 3;
/** Outside every log, so that the service answers with a snapshot; the most digits that it takes. */
const BEYOND_THE_LOG = 999_999_999_999_999;

/** @type {Conversation} */
export const EMPTY_CONVERSATION = {
  session: null,
  lastSeq: 0,
  historySeq: null,
  turns: [],
  notices: [],
  nextNoticeKey: 1,
  statistics: { queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 },
};

/**
 * Takes a frame of the service. A frame of the log that was taken before changes nothing; types that this page does not
 * know are passed over, so that a newer service can say more.
 *
 * @param {Conversation} conversation
 * @param {ServerFrame} frame
 * @returns {Conversation}
 */
export function receive(conversation, frame) {
  switch (frame.type) {
    case 'ready':
      return becomeReady(conversation, frame);
    case 'snapshot':
      return { ...conversation, turns: withSnapshot(conversation.turns, frame.turns) };
    case 'status':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, stage: frame.stage }));
    case 'stats':
      return { ...conversation, statistics: frame };
    case 'error':
      return receiveError(conversation, frame);
    case 'pong':
      return conversation;
    default:
      return frame.seq > conversation.lastSeq ? receiveLogged({ ...conversation, lastSeq: frame.seq }, frame) : conversation;
  }
}

/**
 * Whether frames are missing between the last one taken and this one.
 *
 * @param {Conversation} conversation
 * @param {ServerFrame} frame
 * @returns {boolean}
 */
export function isGap(conversation, frame) {
  return 'seq' in frame && (frame.from ?? frame.seq) > conversation.lastSeq + 1;
}

/**
 * The `after` to come back with. A page that was just loaded has nothing to go on from: it wants to be told the whole
 * conversation, which the log may hold the end of only.
 *
 * @param {Conversation} conversation
 * @returns {number}
 */
export function resumePoint({ historySeq, lastSeq }) {
  return historySeq === null ? BEYOND_THE_LOG : lastSeq;
}

/**
 * Shows a question at once, before the service has it.
 *
 * @param {Conversation} conversation
 * @param {{ id: string, question: string }} ask
 * @returns {Conversation}
 */
export function ask(conversation, { id, question }) {
  return { ...conversation, turns: [...conversation.turns, newTurn(id, question)] };
}

/**
 * Wants the turn that runs to stop; the oldest one, if more wait.
 *
 * @param {Conversation} conversation
 * @returns {Conversation}
 */
export function stop(conversation) {
  const running = unfinishedTurn(conversation);
  return running === undefined ? conversation : replaceTurn(conversation, running, { ...running, isStopping: true });
}

/**
 * @param {Conversation} conversation
 * @param {string} turn
 * @param {'up' | 'down'} rating
 * @returns {Conversation}
 */
export function rate(conversation, turn, rating) {
  return withTurn(conversation, turn, (known) => ({ ...known, rating }));
}

/**
 * Leaves the session, because it is gone. Questions that it never accepted stay, to be asked in the next one.
 *
 * @param {Conversation} conversation
 * @returns {Conversation}
 */
export function leaveSession(conversation) {
  const { turns, notices, nextNoticeKey } = conversation;
  return { ...EMPTY_CONVERSATION, turns: turns.filter((turn) => turn.state === 'sending'), notices, nextNoticeKey };
}

/**
 * Forgets the figures of a service that is not reached.
 *
 * @param {Conversation} conversation
 * @returns {Conversation}
 */
export function withoutStatistics(conversation) {
  return { ...conversation, statistics: EMPTY_CONVERSATION.statistics };
}

/**
 * @param {Conversation} conversation
 * @param {string} text
 * @param {string | null} [code]
 * @returns {Conversation}
 */
export function notify(conversation, text, code = null) {
  const { notices, nextNoticeKey: key } = conversation;
  return { ...conversation, notices: [...notices, { key, text, code }].slice(-MAX_NOTICES), nextNoticeKey: key + 1 };
}

/**
 * @param {Conversation} conversation
 * @param {number} key
 * @returns {Conversation}
 */
export function dismiss(conversation, key) {
  return { ...conversation, notices: conversation.notices.filter((notice) => notice.key !== key) };
}

/**
 * The turn that the reader waits for, the oldest first.
 *
 * @param {Conversation} conversation
 * @returns {Turn | undefined}
 */
export function unfinishedTurn(conversation) {
  return conversation.turns.find((turn) => turn.state === 'sending' || turn.state === 'running');
}

/**
 * What the service has to be told again after the socket broke. Both may have reached it before: an ask repeated with its
 * id is the same turn, and a turn is stopped once.
 *
 * @param {Conversation} conversation
 * @returns {ClientFrame[]}
 */
export function unconfirmedFrames(conversation) {
  return conversation.turns.flatMap(unconfirmedFrame);
}

/**
 * @param {Turn} turn
 * @returns {ClientFrame[]}
 */
function unconfirmedFrame({ state, id, question, turn, isStopping }) {
  if (state === 'sending') return [{ type: 'ask', id, question }];
  return state === 'running' && isStopping && turn !== null ? [{ type: 'cancel', turn }] : [];
}

/**
 * The log may have begun anew where it could not resume: then its number counts, and a snapshot follows.
 *
 * @param {Conversation} conversation
 * @param {Extract<ServerFrame, { type: 'ready' }>} frame
 * @returns {Conversation}
 */
function becomeReady(conversation, { session, last_seq, resumed }) {
  const lastSeq = resumed ? conversation.lastSeq : last_seq;
  return { ...conversation, session, lastSeq, historySeq: conversation.historySeq ?? last_seq };
}

/**
 * @param {Conversation} conversation
 * @param {NumberedFrame} frame
 * @returns {Conversation}
 */
function receiveLogged(conversation, frame) {
  switch (frame.type) {
    case 'accepted':
      return accept(conversation, frame);
    case 'sources':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, sources: frame.sources }));
    case 'answer-delta':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, text: turn.text + frame.text }));
    case 'answer-end':
      return withTurn(conversation, frame.turn, (turn) => answered(turn, frame));
    case 'answer-error':
      return fail(conversation, frame);
    default:
      return conversation;
  }
}

/**
 * @param {Conversation} conversation
 * @param {{ id: string, turn: string, question: string }} frame
 * @returns {Conversation}
 */
function accept(conversation, { id, turn, question }) {
  const known = conversation.turns.find((one) => one.id === id);
  /** @type {Turn} */
  const accepted = { ...(known ?? newTurn(id, question)), turn, question, state: 'running' };
  if (known !== undefined) return replaceTurn(conversation, known, accepted);
  return { ...conversation, turns: [...conversation.turns, accepted] };
}

/**
 * @param {Conversation} conversation
 * @param {{ turn: string, error: ErrorBody, seq: number }} frame
 * @returns {Conversation}
 */
function fail(conversation, { turn, error, seq }) {
  const next = withTurn(conversation, turn, (known) => failed(known, error));
  return seq > (conversation.historySeq ?? 0) ? notifyError(next, error) : next;
}

/**
 * Errors that belong to this socket: a refused ask ends its turn. Three are no news for the reader: a turn that had ended
 * before it was stopped, a session that is gone, which the close of the socket tells as well, and a question that was
 * asked again after a loss, though it had been accepted before it.
 *
 * @param {Conversation} conversation
 * @param {ServerError} frame
 * @returns {Conversation}
 */
function receiveError(conversation, { id, error }) {
  if (error.code === 'TURN_ENDED' || error.code === 'SESSION_NOT_FOUND') return conversation;
  const refused = conversation.turns.find((turn) => turn.id === id && turn.state === 'sending');
  if (refused !== undefined) return notifyError(replaceTurn(conversation, refused, failed(refused, error)), error);
  return id === undefined ? notifyError(conversation, error) : conversation;
}

/**
 * @param {Conversation} conversation
 * @param {ErrorBody} error
 * @returns {Conversation}
 */
function notifyError(conversation, { code, message, retry_after_ms, details = [] }) {
  const reasons = details.map(({ field, expected, got }) => {
    return `${field ?? 'it'}${expected === undefined ? '' : `: expected ${expected}`}${got === undefined ? '' : `, got: ${got}`}.`;
  });
  const wait = retry_after_ms === undefined ? [] : [`Try again in ${Math.ceil(retry_after_ms / 1000)} s.`];
  return notify(conversation, ['Error:', message, ...reasons, ...wait].join(' '), code);
}

/**
 * The turns as the service tells them, with what only this page knows: ratings, and questions on their way.
 *
 * @param {readonly Turn[]} known
 * @param {readonly SnapshotTurn[]} told
 * @returns {Turn[]}
 */
function withSnapshot(known, told) {
  const byId = new Map(known.map((turn) => [turn.id, turn]));
  const ids = new Set(told.map(({ id }) => id));
  const onTheirWay = known.filter((turn) => turn.state === 'sending' && !ids.has(turn.id));
  return [...told.map((turn) => fromSnapshot(turn, byId.get(turn.id))), ...onTheirWay];
}

/**
 * @param {SnapshotTurn} told
 * @param {Turn | undefined} known
 * @returns {Turn}
 */
function fromSnapshot({ id, turn, question, text, sources, end }, known) {
  /** @type {Turn} */
  const open = { ...(known ?? newTurn(id, question)), turn, question, state: 'running', text, sources };
  if (end === undefined) return open;
  return 'error' in end ? failed(open, end.error) : answered(open, end);
}

/**
 * @param {string} id
 * @param {string} question
 * @returns {Turn}
 */
function newTurn(id, question) {
  const nothing = { turn: null, stage: null, text: '', sources: [], end: null, error: null, rating: null };
  return { ...nothing, id, question, state: 'sending', isStopping: false };
}

/**
 * @param {Turn} turn
 * @param {AnswerEnd} end
 * @returns {Turn}
 */
function answered(turn, end) {
  return { ...turn, state: 'answered', stage: null, text: end.answer, sources: end.sources, end };
}

/**
 * @param {Turn} turn
 * @param {ErrorBody} error
 * @returns {Turn}
 */
function failed(turn, error) {
  return { ...turn, state: 'failed', stage: null, error };
}

/**
 * @param {Conversation} conversation
 * @param {string} turn the service's id
 * @param {(turn: Turn) => Turn} change
 * @returns {Conversation}
 */
function withTurn(conversation, turn, change) {
  const known = conversation.turns.find((one) => one.turn === turn);
  return known === undefined ? conversation : replaceTurn(conversation, known, change(known));
}

/**
 * @param {Conversation} conversation
 * @param {Turn} old
 * @param {Turn} turn
 * @returns {Conversation}
 */
function replaceTurn(conversation, old, turn) {
  return { ...conversation, turns: conversation.turns.map((one) => (one === old ? turn : one)) };
}
