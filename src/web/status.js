/**
 * What stands around the messages: the tiles, the notices, how the connection is.
 *
 * @import { Connection, Notice, Statistics } from './types.ts'
 */
import { byId, element, setText } from './element.js';

/** @param {Statistics} statistics */
export function showStatistics({ queries, hits, misses, hit_rate }) {
  setText(byId('total-queries', HTMLElement), queries.toLocaleString('en'));
  setText(byId('cache-hits', HTMLElement), hits.toLocaleString('en'));
  setText(byId('cache-misses', HTMLElement), misses.toLocaleString('en'));
  setText(byId('hit-rate', HTMLElement), `${hit_rate}%`);
}

/** @param {Connection} connection */
export function showConnection(connection) {
  document.body.dataset['connection'] = connection.state;
  setText(byId('connection', HTMLElement), describe(connection));
  byId('reconnect', HTMLButtonElement).hidden = connection.state !== 'waiting';
}

/**
 * @param {Connection} connection
 * @returns {string}
 */
function describe(connection) {
  switch (connection.state) {
    case 'connecting':
      return 'connecting';
    case 'online':
      return 'online';
    case 'waiting':
      return `reconnecting in ${Math.max(0, Math.ceil((connection.retryAtMs - Date.now()) / 1000))} s`;
    case 'ended':
      return 'disconnected';
    default:
      return connection;
  }
}

/** @type {Map<number, HTMLElement>} */
const shownNotices = new Map();

/**
 * @param {readonly Notice[]} notices
 * @param {(key: number) => void} onDismiss
 */
export function showNotices(notices, onDismiss) {
  const keys = new Set(notices.map(({ key }) => key));
  for (const [key, shown] of shownNotices) {
    if (keys.has(key)) continue;
    shown.remove();
    shownNotices.delete(key);
  }
  for (const notice of notices.filter(({ key }) => !shownNotices.has(key))) {
    const shown = noticeElement(notice, () => onDismiss(notice.key));
    shownNotices.set(notice.key, shown);
    byId('notices', HTMLElement).append(shown);
  }
}

/**
 * @param {Notice} notice
 * @param {() => void} onDismiss
 */
function noticeElement({ text, code }, onDismiss) {
  const close = element('button', { type: 'button', className: 'quiet', ariaLabel: 'Dismiss this notice', onclick: onDismiss }, '✕');
  const words = element('p', {}, text);
  if (code !== null) words.append(' ', element('code', {}, code));
  return element('div', { className: code === null ? 'notice' : 'notice is-error' }, words, close);
}
