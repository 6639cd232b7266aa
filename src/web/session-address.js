/**
 * The session's id lives in the page's hash: a reload or a bookmark comes back to the conversation, and the hash is never
 * sent to a server or named in a referrer.
 */
const PREFIX = '#session=';

/** @returns {string | null} */
export function readSession() {
  const { hash } = location;
  if (!hash.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(hash.slice(PREFIX.length)) || null;
  } catch {
    return null;
  }
}

/** @param {string | null} session null takes it away */
export function writeSession(session) {
  const { pathname, search } = location;
  history.replaceState(null, '', pathname + search + (session === null ? '' : PREFIX + encodeURIComponent(session)));
}
