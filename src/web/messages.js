/**
 * The messages: a question on the right, its answer on the left, newest at the bottom. A turn's elements are made once
 * and changed where the turn changed.
 *
 * @import { MessageActions, Turn } from './types.ts'
 */
import { AnswerMessage } from './answer-message.js';
import { element } from './element.js';

export class MessageList {
  #list;
  #actions;
  /** @type {Map<string, TurnView>} by the asker's id */
  #views = new Map();

  /**
   * @param {HTMLElement} list
   * @param {MessageActions} actions
   */
  constructor(list, actions) {
    this.#list = list;
    this.#actions = actions;
  }

  /** @param {readonly Turn[]} turns */
  show(turns) {
    const ids = new Set(turns.map(({ id }) => id));
    for (const [id, view] of this.#views) if (!ids.has(id)) this.#forget(id, view);
    for (const turn of turns) this.#view(turn).show(turn);
    this.#putInOrder(turns);
  }

  /** @param {Turn} turn */
  #view(turn) {
    const known = this.#views.get(turn.id);
    if (known !== undefined) return known;
    const view = new TurnView(turn, this.#actions);
    this.#views.set(turn.id, view);
    return view;
  }

  /**
   * @param {string} id
   * @param {TurnView} view
   */
  #forget(id, view) {
    view.root.remove();
    this.#views.delete(id);
  }

  /** Moves only what is out of place: moving an element takes the focus from it. @param {readonly Turn[]} turns */
  #putInOrder(turns) {
    turns.forEach((turn, index) => {
      const { root } = this.#view(turn);
      const there = this.#list.children[index] ?? null;
      if (there !== root) this.#list.insertBefore(root, there);
    });
  }
}

class TurnView {
  #actions;
  #answer;
  #failure = element('div', { className: 'failure', hidden: true });
  /** @type {Turn | undefined} */
  #shown;

  /**
   * @param {Turn} turn
   * @param {MessageActions} actions
   */
  constructor(turn, actions) {
    this.#actions = actions;
    this.#answer = new AnswerMessage(turn.id, actions);
    const author = element('h2', { className: 'author' }, 'You');
    const question = element('article', { className: 'message is-question' }, author, element('p', { className: 'text' }, turn.question));
    this.root = element('li', { className: 'turn' }, question, this.#failure, this.#answer.root);
  }

  /** @param {Turn} turn */
  show(turn) {
    const before = this.#shown;
    if (before === turn) return;
    this.#shown = turn;
    this.root.dataset['state'] = turn.state;
    this.#answer.root.hidden = turn.state === 'failed';
    this.#failure.hidden = turn.state !== 'failed';
    if (turn.state === 'failed') this.#showFailure(turn);
    else this.#answer.show(turn);
    if (before?.state === 'running' && turn.state === 'answered') this.#actions.announce(`AI Assistant: ${turn.text}`);
  }

  /** A failed question gets no answer of the assistant; the question itself says that it has none. @param {Turn} turn */
  #showFailure(turn) {
    const again = element('button', { type: 'button', className: 'quiet', onclick: () => this.#actions.askAgain(turn) }, 'Ask again');
    const reason = turn.error?.code === 'CANCELLED' ? 'Stopped before it was asked' : `Not answered (${turn.error?.code ?? 'unknown'})`;
    this.#failure.replaceChildren(element('span', {}, reason), again);
  }
}
