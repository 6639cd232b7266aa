/** @import { CitedSource } from './types.ts' */
import { sourceParts } from './citations.js';
import { byId, element, setText } from './element.js';

/**
 * Shows a source over the page: its title, where it comes from, its text with the quoted passages marked.
 *
 * @param {CitedSource} cited
 */
export function openSource({ number, source, passages }) {
  const parts = sourceParts(source.text, passages);
  const text = byId('source-text', HTMLElement);
  text.replaceChildren(...parts.map((part) => (part.isQuoted ? element('mark', {}, part.text) : part.text)));
  setText(byId('source-title', HTMLElement), `[${number}] ${source.title}`);
  byId('source-origin', HTMLElement).replaceChildren(origin(source.uri, source.document_id));
  byId('source', HTMLDialogElement).showModal();
  text.scrollTop = 0;
  text.querySelector('mark')?.scrollIntoView({ block: 'center' });
}

/**
 * A link for addresses of the web; everything else is shown, not followed: a document's address is its owner's text.
 *
 * @param {string | null} uri
 * @param {string} documentId
 */
function origin(uri, documentId) {
  if (uri === null || !/^https?:\/\//i.test(uri)) return uri ?? documentId;
  return element('a', { href: uri, target: '_blank', rel: 'noopener noreferrer' }, uri);
}

/** Closes the source by a click beside it, as by its button and by Escape. */
export function closeSourceByClickBeside() {
  const dialog = byId('source', HTMLDialogElement);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
}
