/**
 * The chat page: what the reader does and what the service says go into the conversation; the page shows it.
 *
 * @import { Connection, Conversation, ServerFrame } from './types.ts'
 */
import * as known from './conversation.js';
import { byId, setText } from './element.js';
import { MessageList } from './messages.js';
import { readSession, writeSession } from './session-address.js';
import { ChatSocket, chatUrl } from './socket.js';
import { closeSourceByClickBeside, openSource } from './source-dialog.js';
import { showConnection, showNotices, showStatistics } from './status.js';

/** How near to the end of the messages the reader is taken to follow them. */
const FOLLOW_WITHIN_PX = 80;

const form = byId('ask', HTMLFormElement);
const input = byId('question', HTMLInputElement);
const askButton = byId('ask-button', HTMLButtonElement);
const stopButton = byId('stop-button', HTMLButtonElement);
const scroller = byId('scroller', HTMLElement);

/** @type {Conversation} */
let conversation = { ...known.EMPTY_CONVERSATION, session: readSession() };
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

const socket = new ChatSocket({
  url: () => chatUrl(location, conversation.session, known.resumePoint(conversation)),
  onFrame: receiveFrame,
  onConnection: changeConnection,
  onAddressRefused: startNewSession,
});

listenToReader();
socket.open();
input.focus();

/** @param {ServerFrame} frame */
function receiveFrame(frame) {
  if (known.isGap(conversation, frame)) return socket.drop();
  update(known.receive(conversation, frame));
  if (frame.type === 'ready') resume();
  else if (frame.type === 'accepted') rememberAccepted(frame.turn);
}

function resume() {
  socket.send({ type: 'stats', subscribe: true });
  for (const frame of known.unconfirmedFrames(conversation)) socket.send(frame);
}

/**
 * The service keeps a session from its first question on: only then can the page come back to it. And a question can
 * be stopped before the service has given it a name.
 *
 * @param {string} turn
 */
function rememberAccepted(turn) {
  writeSession(conversation.session);
  const due = known.unconfirmedFrames(conversation).filter((frame) => frame.type === 'cancel' && frame.turn === turn);
  for (const frame of due) socket.send(frame);
}

/** @param {Connection} next */
function changeConnection(next) {
  connection = next;
  update(next.state === 'online' ? conversation : known.withoutStatistics(conversation));
}

function startNewSession() {
  const hadTurns = readSession() !== null;
  update(known.leaveSession(conversation));
  writeSession(null);
  if (hadTurns) update(known.notify(conversation, 'The earlier conversation is no longer there. A new one has begun.'));
}

/** @param {string} text */
function askQuestion(text) {
  const question = text.trim();
  if (question === '' || known.unfinishedTurn(conversation) !== undefined) return;
  const id = randomId();
  update(known.ask(conversation, { id, question }));
  socket.send({ type: 'ask', id, question });
  input.value = '';
  setText(byId('announcer', HTMLElement), 'Thinking...');
  render();
  scroller.scrollTop = scroller.scrollHeight;
}

function stopAnswer() {
  update(known.stop(conversation));
  for (const frame of known.unconfirmedFrames(conversation)) if (frame.type === 'cancel') socket.send(frame);
}

/**
 * @param {string} id
 * @param {'up' | 'down'} rating
 */
function rateAnswer(id, rating) {
  const turn = conversation.turns.find((one) => one.id === id)?.turn ?? null;
  if (turn === null) return;
  if (socket.send({ type: 'feedback', turn, rating })) update(known.rate(conversation, turn, rating));
  else update(known.notify(conversation, 'The rating was not sent: there is no connection.'));
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
  byId('reconnect', HTMLButtonElement).addEventListener('click', () => socket.open());
  byId('new-conversation', HTMLButtonElement).addEventListener('click', startConversation);
  byId('source-close', HTMLButtonElement).addEventListener('click', () => byId('source', HTMLDialogElement).close());
  closeSourceByClickBeside();
  for (const sample of document.querySelectorAll('.sample')) sample.addEventListener('click', () => askQuestion(sample.textContent ?? ''));
  window.addEventListener('hashchange', () => location.reload());
  window.addEventListener('online', () => connection.state === 'waiting' && socket.open());
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

/** Where the page is served without TLS to another machine, `crypto.randomUUID` is not there. */
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
