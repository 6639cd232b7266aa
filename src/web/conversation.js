/**
 * The conversation as data: pure functions from what is known and what comes to what is known then. The client gives each
 * frame of the session's log once and in order, however often the connection breaks.
 *
 * @import { AnswerEnd, Conversation, ErrorBody, ServerFrame, SnapshotTurn, Turn } from './types.ts'
 */

const MAX_NOTICES = 3;

/** @type {Conversation} */
export const EMPTY_CONVERSATION = {
  session: null,
  turns: [],
  notices: [],
  nextNoticeKey: 1,
  statistics: { queries: 0, hits: 0, misses: 0, errors: 0, hit_rate: 0 },
};

/**
 * Takes a frame of the service. Types that this page does not know are passed over, so that a newer service can say more;
 * errors too: the client tells them to whom they concern.
 *
 * @param {Conversation} conversation
 * @param {ServerFrame} frame
 * @returns {Conversation}
 */
export function receive(conversation, frame) {
  switch (frame.type) {
    case 'ready':
      return { ...conversation, session: frame.session };
    case 'snapshot':
      return { ...conversation, turns: withSnapshot(conversation.turns, frame.turns) };
    case 'accepted':
      return accept(conversation, frame);
    case 'status':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, stage: frame.stage }));
    case 'sources':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, sources: frame.sources }));
    case 'answer-delta':
      return withTurn(conversation, frame.turn, (turn) => ({ ...turn, text: turn.text + frame.text }));
    case 'answer-end':
      return withTurn(conversation, frame.turn, (turn) => answered(turn, frame));
    case 'answer-error':
      return notifyError(withTurn(conversation, frame.turn, (turn) => failed(turn, frame.error)), frame.error);
    default:
      return conversation;
  }
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
  const { notices, nextNoticeKey } = conversation;
  return { ...EMPTY_CONVERSATION, turns: unacceptedTurns(conversation), notices, nextNoticeKey };
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
 * The questions that the service has not accepted.
 *
 * @param {Conversation} conversation
 * @returns {Turn[]}
 */
export function unacceptedTurns({ turns }) {
  return turns.filter(({ state }) => state === 'sending');
}

/**
 * A question that will not be accepted. One that the reader stopped before is no news to him.
 *
 * @param {Conversation} conversation
 * @param {string} id the asker's
 * @param {ErrorBody} error
 * @returns {Conversation}
 */
export function refuse(conversation, id, error) {
  const refused = unacceptedTurns(conversation).find((turn) => turn.id === id);
  if (refused === undefined) return conversation;
  const next = replaceTurn(conversation, refused, failed(refused, error));
  return error.code === 'CANCELLED' ? next : notifyError(next, error);
}

/**
 * @param {Conversation} conversation
 * @param {{ id: string, turn: string, question: string }} frame
 * @returns {Conversation}
 */
function accept(conversation, { id, turn, question }) {
  const known = conversation.turns.find((one) => one.id === id);
  /** @type {Turn} */
  const accepted = { ...(known ?? newTurn(id, question)), turn, question, state: 'running', error: null };
  if (known !== undefined) return replaceTurn(conversation, known, accepted);
  return { ...conversation, turns: [...conversation.turns, accepted] };
}

/**
 * @param {Conversation} conversation
 * @param {ErrorBody} error
 * @returns {Conversation}
 */
export function notifyError(conversation, { code, message, retry_after_ms, details = [] }) {
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
