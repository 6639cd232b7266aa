/**
 * The assistant's message: what it does while it works, the text as it comes, then marks, sources and a rating.
 *
 * @import { AnswerEnd, CitedSource, MessageActions, Turn } from './types.ts'
 */
import { answerParts, citedSources } from './citations.js';
import { element, setText } from './element.js';

const STAGE_WORDS = new Map([
  ['queued', 'queued behind another question'],
  ['cached', 'found in the cache'],
  ['embedding', 'embedding the question'],
  ['retrieving', 'retrieving from the documents'],
  ['reranking', 'reranking what was found'],
  ['generating', 'generating the answer'],
  ['recovering', 'recovering from a fault'],
]);

/** @type {Readonly<Record<AnswerEnd['finish'], string>>} */
const FINISH_WORDS = { stop: '', length: 'cut at its length limit', refused: 'no answer in the documents', cancelled: 'stopped' };

export class AnswerMessage {
  #actions;
  #streamed = document.createTextNode('');
  #text = element('p', { className: 'text' }, this.#streamed);
  #stage = element('span', { className: 'stage' });
  #thinking = element('p', { className: 'thinking' }, element('span', { className: 'spinner', ariaHidden: 'true' }), 'Thinking...', this.#stage);
  #sources = element('ul', { className: 'sources', ariaLabel: 'Sources', hidden: true });
  #facts = element('span', { className: 'facts' });
  #up = ratingButton('up', 'Good answer');
  #down = ratingButton('down', 'Bad answer');
  #footer = element('footer', { hidden: true }, this.#facts, this.#up, this.#down);
  /** @type {AnswerEnd | null} */
  #end = null;

  /**
   * @param {string} id the turn's, as its asker knows it
   * @param {MessageActions} actions
   */
  constructor(id, actions) {
    this.#actions = actions;
    this.#up.addEventListener('click', () => actions.rate(id, 'up'));
    this.#down.addEventListener('click', () => actions.rate(id, 'down'));
    const author = element('h2', { className: 'author' }, 'AI Assistant');
    this.root = element('article', { className: 'message is-answer' }, author, this.#text, this.#thinking, this.#sources, this.#footer);
  }

  /** @param {Turn} turn */
  show(turn) {
    const { end, text, state } = turn;
    this.#thinking.hidden = state === 'answered';
    this.root.ariaBusy = String(state !== 'answered');
    setText(this.#stage, stageWords(turn));
    this.#text.hidden = text === '';
    if (end === null) this.#stream(text);
    else this.#conclude(end);
    this.#up.ariaPressed = String(turn.rating === 'up');
    this.#down.ariaPressed = String(turn.rating === 'down');
  }

  /** Streamed text only grows, so it is added to, not written anew. @param {string} text */
  #stream(text) {
    if (this.#end !== null) this.#reopen();
    const { data } = this.#streamed;
    if (text.startsWith(data)) this.#streamed.appendData(text.slice(data.length));
    else this.#streamed.data = text;
  }

  #reopen() {
    this.#end = null;
    this.#text.replaceChildren(this.#streamed);
    this.#sources.hidden = true;
    this.#footer.hidden = true;
  }

  /** @param {AnswerEnd} end */
  #conclude(end) {
    if (this.#end === end) return;
    this.#end = end;
    const cited = citedSources(end.answer, end.citations, end.sources);
    this.#text.replaceChildren(...this.#partElements(end, cited));
    this.#sources.replaceChildren(...cited.map((one) => element('li', {}, this.#sourceButton(one))));
    this.#sources.hidden = cited.length === 0;
    setText(this.#facts, factsOf(end));
    this.#footer.hidden = false;
  }

  /**
   * @param {AnswerEnd} end
   * @param {readonly CitedSource[]} cited
   * @returns {(Node | string)[]}
   */
  #partElements({ answer, citations }, cited) {
    return answerParts(answer, citations, cited).flatMap(({ text, isCited, marks }) => {
      const shown = isCited ? element('span', { className: 'cited' }, text) : text;
      return [shown, ...cited.filter(({ number }) => marks.includes(number)).map((one) => this.#mark(one))];
    });
  }

  /** @param {CitedSource} cited */
  #mark(cited) {
    const { number, source } = cited;
    const label = `Source ${number}: ${source.title}`;
    const open = () => this.#actions.openSource(cited);
    return element('button', { type: 'button', className: 'mark', title: source.title, ariaLabel: label, onclick: open }, `[${number}]`);
  }

  /** @param {CitedSource} cited */
  #sourceButton(cited) {
    const { number, source } = cited;
    const open = () => this.#actions.openSource(cited);
    return element('button', { type: 'button', className: 'quiet', onclick: open }, `[${number}] ${source.title}`);
  }
}

/**
 * @param {'up' | 'down'} rating
 * @param {string} label
 */
function ratingButton(rating, label) {
  return element('button', { type: 'button', className: `quiet rating is-${rating}`, title: label, ariaLabel: label });
}

/** @param {Turn} turn */
function stageWords({ state, stage, isStopping }) {
  if (isStopping) return 'stopping';
  if (state === 'sending') return 'sending the question';
  return stage === null ? '' : (STAGE_WORDS.get(stage) ?? stage);
}

/** @param {AnswerEnd} end */
function factsOf({ finish, cache_hit, latency_ms, degraded }) {
  const without = degraded.length === 0 ? '' : `degraded: without ${degraded.join(', ')}`;
  const time = latency_ms < 1000 ? `${Math.round(latency_ms)} ms` : `${(latency_ms / 1000).toFixed(1)} s`;
  return [FINISH_WORDS[finish], cache_hit ? 'from the cache' : '', without, time].filter((fact) => fact !== '').join(' · ');
}
