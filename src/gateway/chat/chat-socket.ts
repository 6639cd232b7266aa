import { isUtf8 } from 'node:buffer';
import { randomUUIDv7 } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from '@fastify/websocket';
import { frameLog } from '#agents/frames/frames.agent.ts';
import { statistics } from '#agents/rag/rag.agent.ts';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { ClientFrame, SocketFrame } from '#src/ports/frame.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Gateway } from '../app.ts';
import type { OpenConnection } from '../connections.ts';
import { admit, checkQuestion, pickOptions, requireSession } from '../questions.ts';
import type { GatewayServices } from '../services.ts';
import type { FeedReader } from '../streams/frame-feed.ts';
import { FrameFeed } from '../streams/frame-feed.ts';
import { snapshotOf } from '../streams/snapshot.ts';
import { fieldRefusal } from '../validation.ts';
import { FrameRefusal, readClientFrame } from './client-frame.ts';
import type { Departures } from './departures.ts';
import { CLOSE, MAX_FRAMES_PER_SECOND, SocketLink } from './socket-link.ts';

const STATISTICS_INTERVAL_MS = 1000;

export interface ChatRequest {
  /** The session to come back to; undefined begins a new one. */
  readonly session: string | undefined;
  /** The last `seq` that the client has. */
  readonly after: number | undefined;
  /** Whom the rate limit counts. */
  readonly clientKey: string;
  /** What the socket was made from. */
  readonly connection: Duplex;
}

type About = FrameRefusal['about'];
type AskFrame = Extract<ClientFrame, { type: 'ask' }>;

/** One client's chat over one WebSocket: its frames to the session, the session's frames to it. */
export class ChatSocket implements FeedReader, OpenConnection {
  readonly #gateway: Gateway;
  readonly #departures: Departures;
  readonly #socket: WebSocket;
  readonly #request: ChatRequest;
  readonly #link: SocketLink;
  readonly #session: string;
  readonly #feed: FrameFeed;
  readonly #established = Promise.withResolvers<void>();
  /** Frames that have to come after a snapshot which is being made. */
  #held: string[] | undefined;
  #statistics: NodeJS.Timeout | undefined;
  #hasClosed = false;

  constructor(socket: WebSocket, gateway: Gateway, departures: Departures, request: ChatRequest) {
    this.#gateway = gateway;
    this.#departures = departures;
    this.#socket = socket;
    this.#request = request;
    this.#session = request.session ?? randomUUIDv7();
    this.#link = new SocketLink(socket, request.connection, gateway.services.config);
    this.#feed = new FrameFeed(gateway.services.kernel, this.#session, this);
  }

  /** Listens before anything is awaited, so that no frame of the client is lost. */
  start(): void {
    this.#gateway.connections.sockets.add(this);
    this.#services.metrics.sockets.inc();
    this.#socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    this.#socket.on('close', () => this.#closed());
    void this.#establish().catch((error: unknown) => this.#refuse(error));
  }

  get #services(): GatewayServices {
    return this.#gateway.services;
  }

  /** A session that is only listened to needs no actor: that starts with its first question. */
  async #establish(): Promise<void> {
    const { session, after } = this.#request;
    if (this.#gateway.connections.isDraining) throw new ServiceError('DRAINING');
    if (session !== undefined) await requireSession(this.#services, session);
    const { lastSeq, missed, isResumed } = await (session === undefined ? this.#feed.begin() : this.#feed.open(after));
    if (this.#hasClosed) return;
    this.#tell({ type: 'ready', session: this.#session, last_seq: lastSeq, resumed: session !== undefined && isResumed });
    if (isResumed) this.frames(missed);
    else await this.#sendSnapshot(missed);
    this.#established.resolve();
  }

  /** A client that cannot be served is told why; a browser reads frames and close codes, no refused upgrade. */
  #refuse(error: unknown): void {
    this.#feed.close();
    this.#tellError(error, {});
    const code = error instanceof ServiceError ? error.code : 'INTERNAL';
    if (code === 'SESSION_NOT_FOUND') this.#link.close(CLOSE.unknownSession, code);
    else if (code === 'DRAINING') this.#link.close(CLOSE.restart, code);
    else this.#link.close(code === 'INTERNAL' ? CLOSE.internal : CLOSE.tryAgain, code);
  }

  frames(records: readonly FrameRecord[]): void {
    const { connection } = this.#request;
    this.#services.metrics.framesSent.count += records.length;
    if (this.#leavesTogether(records)) {
      connection.cork();
      process.nextTick(uncork, connection);
    }
    for (const { json } of records) this.#send(json);
  }

  /**
   * Whether one write to the system takes them all, and what follows at once: the status of a turn follows its `accepted`.
   * What waits for that counts as unsent, in up to three bytes a character. A delta that comes alone has nothing to wait for.
   */
  #leavesTogether(records: readonly FrameRecord[]): boolean {
    if (records.length === 1 && records[0]?.type !== 'accepted') return false;
    return records.reduce((length, { json }) => length + json.length, 0) < this.#services.config.socketBufferBytes / 4;
  }

  status(json: string): void {
    this.#send(json);
  }

  gap(missed: readonly FrameRecord[]): void {
    void this.#sendSnapshot(missed).catch((error: unknown) => this.#refuse(error));
  }

  async #sendSnapshot(missed: readonly FrameRecord[]): Promise<void> {
    this.#held = [];
    const snapshot = await snapshotOf(this.#services.store, this.#session, missed);
    const held = this.#held;
    this.#held = undefined;
    for (const json of [snapshot, ...held]) this.#send(json);
  }

  #send(json: string): void {
    if (this.#held !== undefined) this.#held.push(json);
    else if (!this.#link.send(json)) this.#closeSlow();
  }

  /** The client comes back for what it did not read. */
  #closeSlow(): void {
    this.#services.metrics.slowSockets.inc();
    this.#feed.close();
    this.#link.close(CLOSE.tryAgain, 'too slow; come back with after= the last seq received');
  }

  #tell(frame: SocketFrame): void {
    this.#link.send(JSON.stringify(frame));
  }

  #tellError(error: unknown, about: About): void {
    if (!(error instanceof ServiceError)) this.#services.logger.error({ error, session: this.#session }, 'Frame failed');
    this.#tell({ type: 'error', ...about, error: toErrorBody(error) });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const { maxFrameBytes } = this.#services.config;
    // Nothing that it asks for now could be told to it.
    if (!this.#link.isOpen) return;
    if (this.#link.isFlooded()) return this.#breakOff(CLOSE.policy, `at most ${MAX_FRAMES_PER_SECOND} frames in a second`, 'more');
    if (data.length > maxFrameBytes) return this.#breakOff(CLOSE.tooLarge, `at most ${maxFrameBytes} bytes`, `${data.length} bytes`);
    if (!isBinary && !isUtf8(data)) return this.#breakOff(CLOSE.notText, 'text in UTF-8', 'other bytes');
    try {
      void this.#serve(readClientFrame(data, isBinary));
    } catch (error) {
      if (!(error instanceof FrameRefusal)) throw error;
      this.#tellError(error.error, error.about);
    }
  }

  #breakOff(code: number, expected: string, got: string): void {
    this.#tellError(fieldRefusal('INVALID_FRAME', { field: 'frame', expected, got }), {});
    this.#link.close(code, `expected ${expected}`);
  }

  async #serve(frame: ClientFrame): Promise<void> {
    await this.#established.promise;
    try {
      await this.#handle(frame);
    } catch (error) {
      const id = frame.type === 'ask' ? { id: frame.id } : {};
      this.#tellError(error, 'turn' in frame ? { turn: frame.turn } : id);
    }
  }

  async #handle(frame: ClientFrame): Promise<void> {
    const { sessions, store, kernel } = this.#services;
    switch (frame.type) {
      case 'ask':
        return this.#ask(frame);
      case 'cancel':
        await sessions.cancel(this.#session, frame.turn);
        return;
      case 'feedback': {
        const { turn, rating, comment } = frame;
        await store.conversations.addFeedback({ turn, rating, ...(comment === undefined ? {} : { comment }) }, kernel.clock.wallTime());
        return;
      }
      case 'ping':
        return this.#tell({ type: 'pong' });
      case 'stats':
        return this.#subscribeStatistics(frame.subscribe);
    }
  }

  async #ask({ id, question, options = {} }: AskFrame): Promise<void> {
    checkQuestion(question, this.#services.config.maxQuestionCharacters);
    await admit(this.#services, this.#request.clientKey);
    const { turn, repeated } = await this.#services.sessions.ask(this.#session, { id, question, options: pickOptions(options) });
    if (repeated) this.#send(this.#acceptedFrame(turn) ?? JSON.stringify({ type: 'accepted', id, turn, question }));
  }

  /** The `accepted` of an earlier ask as it stands in the log, if it still does. */
  #acceptedFrame(turn: string): string | undefined {
    const subscription = frameLog(this.#services.kernel)?.subscribe(this.#session, 0, SILENT);
    subscription?.unsubscribe();
    return subscription?.missed.find((record) => record.turn === turn && record.type === 'accepted')?.json;
  }

  #subscribeStatistics(isWanted: boolean): void {
    clearInterval(this.#statistics);
    this.#statistics = undefined;
    if (!isWanted || this.#hasClosed) return;
    this.#statistics = setInterval(() => this.#sendStatistics(), STATISTICS_INTERVAL_MS);
    this.#sendStatistics();
  }

  #sendStatistics(): void {
    this.#tell({ type: 'stats', ...statistics(this.#services.kernel) });
  }

  closeForRestart(): void {
    this.#feed.close();
    // Who still waits for a snapshot has not had what came after it.
    this.#link.close(CLOSE.restart, this.#held === undefined ? `restart; resume after=${this.#feed.lastSeq}` : 'restart');
  }

  #closed(): void {
    const { connections, services } = this.#gateway;
    this.#hasClosed = true;
    this.#feed.close();
    clearInterval(this.#statistics);
    services.metrics.sockets.dec();
    connections.sockets.delete(this);
    if (this.#request.session === undefined && this.#feed.lastSeq === 0) services.sessions.leftUnasked(this.#session);
    if (!connections.isDraining) this.#departures.left(this.#session);
  }
}

function uncork(connection: Duplex): void {
  connection.uncork();
}

const SILENT = { frames: () => undefined, status: () => undefined };
