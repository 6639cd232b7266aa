/**
 * The chat page: what the reader does goes to the client of the service, what the service says into the conversation; the
 * page shows it. The client comes back by itself when the connection is lost.
 *
 * @import { Banyan, BanyanError, Connection, Conversation, ErrorBody, ServerFrame, Status } from './types.ts'
 */
import { connect } from './client.js';
import * as known from './conversation.js';
import { byId, setText } from './element.js';
import { MessageList } from './messages.js';
import { readSession, writeSession } from './session-address.js';
import { closeSourceByClickBeside, openSource } from './source-dialog.js';
import { showConnection, showNotices, showStatistics } from './status.js';

/** How near to the end of the messages the reader is taken to follow them. */
const FOLLOW_WITHIN_PX = 80;
/** Why a session in the address cannot be come back to: it was forgotten, or never was one. */
const GONE_CODES = new Set(['SESSION_NOT_FOUND', 'INVALID_REQUEST']);

const form = byId('ask', HTMLFormElement);
const input = byId('question', HTMLInputElement);
const askButton = byId('ask-button', HTMLButtonElement);
const stopButton = byId('stop-button', HTMLButtonElement);
const scroller = byId('scroller', HTMLElement);

/** @type {Conversation} */
let conversation = known.EMPTY_CONVERSATION;
/** @type {Connection} */
let connection = { state: 'connecting' };
let isRenderDue = false;
let wasWaiting = false;

const messages = new MessageList(byId('messages', HTMLElement), {
  openSource,
  rate: rateAnswer,
  askAgain: ({ question }) => askQuestion(question),
  announce: (text) => setText(byId('announcer', HTMLElement), text),
});

/** How to stop the questions that were asked here. @type {Map<string, () => void>} */
const stops = new Map();
/** @type {Banyan} */
let banyan;

begin(readSession());
listenToReader();
input.focus();

/** A page that was just loaded wants the whole conversation, of which the log may hold the end only. @param {string | null} session */
function begin(session) {
  const client = connect({ url: location.origin, ...(session === null ? {} : { session, after: Infinity }) });
  banyan = client;
  client.onFrame(receiveFrame);
  client.onStatistics((statistics) => update({ ...conversation, statistics }));
  client.onStatus(changeStatus);
}

/** The service keeps a session from its first question on: only then can the page come back to it. @param {ServerFrame} frame */
function receiveFrame(frame) {
  update(known.receive(conversation, frame));
  if (frame.type === 'accepted') writeSession(conversation.session);
}

/** @param {Status} status */
function changeStatus(status) {
  connection = status.state === 'waiting' ? { state: 'waiting', retryAtMs: Date.now() + status.retryInMs } : { state: status.state };
  update(status.state === 'online' ? conversation : known.withoutStatistics(conversation));
  if (status.state === 'ended') leaveSession(status.error);
}

/** What the service has not accepted is asked in the next session. @param {BanyanError} reason */
function leaveSession(reason) {
  if (readSession() === null || !GONE_CODES.has(reason.code)) return update(known.notifyError(conversation, bodyOf(reason)));
  writeSession(null);
  const unaccepted = known.unacceptedTurns(conversation);
  update(known.notify(known.leaveSession(conversation), 'The earlier conversation is no longer there. A new one has begun.'));
  begin(null);
  for (const { id, question } of unaccepted) send(id, question);
}

/** @param {string} text */
function askQuestion(text) {
  const question = text.trim();
  if (question === '' || known.unfinishedTurn(conversation) !== undefined) return;
  const id = randomId();
  update(known.ask(conversation, { id, question }));
  send(id, question);
  input.value = '';
  setText(byId('announcer', HTMLElement), 'Thinking...');
  render();
  scroller.scrollTop = scroller.scrollHeight;
}

/**
 * The answer comes by the frames, as those do that other pages asked for; only a refusal comes by itself.
 *
 * @param {string} id
 * @param {string} question
 */
function send(id, question) {
  const client = banyan;
  const answer = client.ask(question, { id });
  const end = answer.end();
  stops.set(id, () => answer.cancel());
  end.catch((error) => client === banyan && update(known.refuse(conversation, id, bodyOf(error)))).finally(() => stops.delete(id));
}

function stopAnswer() {
  const running = known.unfinishedTurn(conversation);
  if (running === undefined) return;
  update(known.stop(conversation));
  const stop = stops.get(running.id);
  if (stop !== undefined) stop();
  else if (running.turn !== null) banyan.cancel(running.turn);
}

/**
 * @param {string} id
 * @param {'up' | 'down'} rating
 */
function rateAnswer(id, rating) {
  const turn = conversation.turns.find((one) => one.id === id)?.turn ?? null;
  if (turn === null) return;
  banyan.feedback(turn, rating).then(
    () => update(known.rate(conversation, turn, rating)),
    (error) => update(known.notifyError(conversation, bodyOf(error))),
  );
}

function startConversation() {
  writeSession(null);
  location.reload();
}

function listenToReader() {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    askQuestion(input.value);
  });
  input.addEventListener('input', renderForm);
  stopButton.addEventListener('click', stopAnswer);
  byId('reconnect', HTMLButtonElement).addEventListener('click', () => banyan.reconnect());
  byId('new-conversation', HTMLButtonElement).addEventListener('click', startConversation);
  byId('source-close', HTMLButtonElement).addEventListener('click', () => byId('source', HTMLDialogElement).close());
  closeSourceByClickBeside();
  for (const sample of document.querySelectorAll('.sample')) sample.addEventListener('click', () => askQuestion(sample.textContent ?? ''));
  window.addEventListener('hashchange', () => location.reload());
  window.addEventListener('online', () => banyan.reconnect());
  setInterval(() => showConnection(connection), 1000);
}

/** @param {Conversation} next */
function update(next) {
  conversation = next;
  scheduleRender();
}

/** Many frames come between two pictures; they are shown together. */
function scheduleRender() {
  if (isRenderDue) return;
  isRenderDue = true;
  requestAnimationFrame(render);
}

function render() {
  isRenderDue = false;
  const follows = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < FOLLOW_WITHIN_PX;
  showConnection(connection);
  showStatistics(conversation.statistics);
  showNotices(conversation.notices, (key) => update(known.dismiss(conversation, key)));
  messages.show(conversation.turns);
  byId('empty', HTMLElement).hidden = conversation.turns.length > 0;
  renderForm();
  if (follows) scroller.scrollTop = scroller.scrollHeight;
}

function renderForm() {
  const waitsFor = known.unfinishedTurn(conversation);
  const isWaiting = waitsFor !== undefined;
  input.disabled = isWaiting;
  askButton.disabled = isWaiting || input.value.trim() === '';
  setText(askButton, isWaiting ? '...' : 'Ask');
  stopButton.hidden = !isWaiting;
  stopButton.disabled = waitsFor?.isStopping ?? false;
  if (wasWaiting && !isWaiting && hasNoFocus()) input.focus();
  wasWaiting = isWaiting;
}

/** The focus is given back only where nothing else has it: a reader may have opened a source meanwhile. */
function hasNoFocus() {
  return document.activeElement === null || document.activeElement === document.body || document.activeElement === stopButton;
}

/**
 * @param {BanyanError} error
 * @returns {ErrorBody}
 */
function bodyOf({ code, message, retryable, retryAfterMs, details }) {
  return { code, message, retryable, details, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) };
}

/** Where the page is served without TLS to another machine, `crypto.randomUUID` is not there. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
