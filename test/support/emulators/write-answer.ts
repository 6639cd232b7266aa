import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { EmulatorAnswer, EmulatorOptions } from './emulator.ts';
import type { Fault } from './faults.ts';

export interface Writing {
  readonly options: EmulatorOptions;
  readonly script: Fault | undefined;
  /** Aborted when the connection is gone: nothing waits any longer then. */
  readonly closed: AbortSignal;
}

interface Plan {
  readonly pieces: readonly Buffer[];
  readonly gapMs: number;
  readonly end: 'whole' | 'early' | 'cut' | 'hang';
}

const GARBAGE = Buffer.from([0x3c, 0x00, 0xff, 0xfe, 0x7b, 0x22, 0x80, 0x0a, 0x0d, 0x1f, 0xc3, 0x28]);

/** Whether the script never lets the honest answer be seen, so that the request has no effect either. */
export function isOverruled(script: Fault | undefined): boolean {
  if (script === undefined) return false;
  return script.status !== undefined || script.body !== undefined || script.garbage === true || script.hang === 'connect' || (script.cutAtByte ?? 0) < 0;
}

/** Sends an answer as the script bends it. Settles when nothing more will be sent. */
export async function writeAnswer(response: ServerResponse, honest: EmulatorAnswer, writing: Writing): Promise<void> {
  const { options, script, closed } = writing;
  if (script?.hang === 'connect') return;
  if (!(await wait((options.delayMs ?? 0) + (script?.delayMs ?? 0), closed))) return;
  if ((script?.cutAtByte ?? 0) < 0) return cut(response);
  const answer = bend(honest, script);
  const plan = planOf(answer, writing);
  response.writeHead(answer.status ?? 200, { ...headersOf(answer, plan), ...script?.headers });
  response.flushHeaders();
  if (script?.hang === 'headers') return;
  for (const [index, piece] of plan.pieces.entries()) {
    if (index > 0 && !(await wait(plan.gapMs, closed))) return;
    response.write(piece);
  }
  if (plan.end === 'cut') return await cutOnceSent(response);
  if (plan.end !== 'hang') response.end();
}

function bend(honest: EmulatorAnswer, script: Fault | undefined): EmulatorAnswer {
  if (script?.garbage === true) return { status: script.status ?? 200, body: GARBAGE };
  if (script?.status === undefined && script?.body === undefined) return honest;
  return { status: script.status ?? 200, body: script.body ?? '' };
}

function planOf(answer: EmulatorAnswer, { options, script }: Writing): Plan {
  const pieces = (answer.stream ?? [answer.body ?? '']).map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const cutAt = script?.cutAtByte ?? shareOf(size, script?.cutAtShare);
  const endAt = script?.endAtByte ?? shareOf(size, script?.endAtShare);
  const hangAt = script?.hang === 'body' ? Math.floor(size / 2) : undefined;
  const stop = Math.min(cutAt ?? Infinity, endAt ?? Infinity, hangAt ?? Infinity);
  const shown = stop < size ? head(pieces, stop) : pieces;
  const isDripped = script?.chunkBytes !== undefined;
  return {
    pieces: isDripped ? resplit(shown, script.chunkBytes ?? 1) : shown,
    gapMs: isDripped ? (script.gapMs ?? 0) : (options.tokenMs ?? 0),
    end: hangAt !== undefined ? 'hang' : cutAt !== undefined ? 'cut' : endAt !== undefined ? 'early' : 'whole',
  };
}

function shareOf(size: number, share: number | undefined): number | undefined {
  return share === undefined ? undefined : Math.floor(size * share);
}

function head(pieces: readonly Buffer[], bytes: number): Buffer[] {
  const kept: Buffer[] = [];
  let left = bytes;
  for (const piece of pieces) {
    if (left <= 0) break;
    kept.push(piece.subarray(0, left));
    left -= piece.length;
  }
  return kept;
}

function resplit(pieces: readonly Buffer[], chunkBytes: number): Buffer[] {
  const whole = Buffer.concat(pieces);
  const count = Math.ceil(whole.length / chunkBytes);
  return Array.from({ length: count }, (_, index) => whole.subarray(index * chunkBytes, (index + 1) * chunkBytes));
}

function headersOf(answer: EmulatorAnswer, plan: Plan): Record<string, string> {
  const headers = { 'content-type': 'application/json', ...answer.headers };
  if (answer.stream !== undefined || plan.end === 'early') return headers;
  const size = Buffer.byteLength(answer.body ?? '');
  return { ...headers, 'content-length': String(size) };
}

function cut(response: ServerResponse): void {
  response.emit('emulator-cut');
  response.socket?.destroy();
}

/** Lets everything written reach the client first. */
async function cutOnceSent(response: ServerResponse): Promise<void> {
  const { socket } = response;
  if (socket === null) return;
  await new Promise<void>((resolve) => void socket.write('', () => resolve()));
  cut(response);
}

/** False when the connection was gone before the time was over. */
async function wait(ms: number, closed: AbortSignal): Promise<boolean> {
  if (closed.aborted) return false;
  if (ms <= 0) return true;
  try {
    await setTimeout(ms, undefined, { signal: closed });
    return true;
  } catch {
    return false;
  }
}
