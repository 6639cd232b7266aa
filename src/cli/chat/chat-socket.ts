import type { ClientFrame, LoggedFrame, SocketFrame, StatusFrame } from '#src/ports/frame.ts';
import { Failure } from '../failure.ts';
import { errorOf, unreachable } from '../service-client.ts';

/** A frame as it comes over the wire. A replayed delta that stands for several begins at the seq `from`. */
export type ServerFrame = (LoggedFrame & { readonly seq: number; readonly from?: number }) | StatusFrame | SocketFrame;

/** Where a chat begins: nowhere, at a session, or behind the last frame that this client has of it. */
export interface Position {
  readonly session?: string;
  readonly after?: number;
}

export interface ChatSocket {
  /** Resolves when the connection is gone, however that came. */
  readonly closed: Promise<void>;
  send(frame: ClientFrame): void;
  close(): void;
}

const OPEN_TIMEOUT_MS = 10_000;

/**
 * Opens a chat. Resolves at the `ready` frame; `onFrame` gets it and every later one. Rejects with the ServiceError of the
 * `error` frame that came instead, or Unreachable.
 */
export function openChat(service: URL, position: Position, onFrame: (frame: ServerFrame) => void): Promise<ChatSocket> {
  const socket = new WebSocket(chatUrl(service, position), 'banyan.v1');
  const opening = Promise.withResolvers<ChatSocket>();
  const closed = Promise.withResolvers<void>();
  const onOpeningFrame = (frame: ServerFrame): void => {
    if (frame.type === 'error') opening.reject(errorOf(frame.error));
    if (frame.type !== 'ready') return;
    receive = onFrame;
    onFrame(frame);
    opening.resolve({ closed: closed.promise, send: (sent) => send(socket, sent), close: () => socket.close(1000) });
  };
  let receive = onOpeningFrame;
  const timer = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
  socket.addEventListener('message', ({ data }) => receive(JSON.parse(String(data)) as ServerFrame));
  socket.addEventListener('close', () => {
    opening.reject(unreachable(service));
    closed.resolve();
  });
  return opening.promise.finally(() => clearTimeout(timer));
}

/** A frame for a connection that is just going is not lost: who asks, asks again on the next one. */
function send(socket: WebSocket, frame: ClientFrame): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function chatUrl(service: URL, { session, after }: Position): URL {
  const url = new URL('ws', service);
  url.protocol = service.protocol === 'https:' ? 'wss:' : 'ws:';
  if (session !== undefined) url.searchParams.set('session', session);
  if (after !== undefined) url.searchParams.set('after', String(after));
  if (url.href.length > 2048) throw new Failure('The id of the session is too long.');
  return url;
}
