import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { DELTA_INTERVAL_MS, deltaText } from './delta.ts';
import { Pace } from './paced-model.ts';

/**
 * The yardstick: `ws` alone, sending the same frames at the same pace, with nothing behind it: `node bare-server.ts
 * <deltas>`, the port from the environment.
 */
const deltas = Number(process.argv[2]);
const pace = new Pace();
const server = createServer((_request, reply) => reply.end());
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  socket.on('message', () => void answer(socket));
  socket.send('{"type":"ready"}');
});
server.listen(Number(process.env['BANYAN_PORT']), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));

async function answer(socket: WebSocket): Promise<void> {
  const turn = crypto.randomUUID();
  let seq = 0;
  const send = (type: string, fields: string): void => {
    seq += 1;
    socket.send(`{"type":"${type}","turn":"${turn}",${fields}"seq":${seq}}`);
  };
  send('accepted', '');
  send('answer-start', '');
  const startedMs = performance.now();
  for (let index = 0; index < deltas; index += 1) {
    const dueMs = startedMs + index * DELTA_INTERVAL_MS;
    const due = pace.until(dueMs);
    if (due !== undefined) await due;
    send('answer-delta', `"text":${JSON.stringify(deltaText(performance.timeOrigin + dueMs))},`);
  }
  send('answer-end', '');
}
