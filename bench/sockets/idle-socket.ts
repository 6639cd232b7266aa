import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';
const PING = 0x89;
/** Header byte of a pong, length 0 with the mask bit, and a mask: a client's frames are masked (RFC 6455, section 5.1). */
const EMPTY_PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/**
 * Opens a WebSocket and keeps it; it does nothing then but answer pings. Resolves with its first frame, `ready`, as it
 * came. By hand over TCP: a client of a library's would cost as much as the server that is measured.
 */
export function openIdleSocket(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const key = randomBytes(16).toString('base64');
  socket.write(`GET /ws HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let head = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the server closed a socket after: ${head}`)));
    socket.on('data', (data) => {
      if (data[0] === PING) return void socket.write(EMPTY_PONG);
      head += data.toString('latin1');
      if (!head.includes('"type":"')) return;
      if (head.startsWith('HTTP/1.1 101') && head.includes('"type":"ready"')) resolve(head.slice(head.indexOf(HEAD_END)));
      else reject(new Error(`unexpected answer: ${head}`));
      head = '';
    });
  });
}
