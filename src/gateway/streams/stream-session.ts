import type { FastifyReply } from 'fastify';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { TenantStore } from '#src/ports/store.ts';
import type { Gateway } from '../app.ts';
import { EventStream } from './event-stream.ts';
import type { FeedReader } from './frame-feed.ts';
import { FrameFeed } from './frame-feed.ts';
import { snapshotOf } from './snapshot.ts';

/** Streams a session's frames from `after` on, until the client leaves: what a WebSocket would get. */
export async function streamSession(gateway: Gateway, reply: FastifyReply, session: string, after: number | undefined): Promise<FastifyReply> {
  const { kernel, store } = gateway.services;
  const reader = new SessionReader(store, session);
  const feed = new FrameFeed(kernel, session, reader);
  const { lastSeq, missed, isResumed } = await feed.open(after);
  const stream = new EventStream(reply, gateway, () => feed.close());
  reader.begin(stream);
  stream.event('ready', JSON.stringify({ type: 'ready', session, last_seq: lastSeq, resumed: isResumed }));
  if (isResumed) reader.frames(missed);
  else reader.gap(missed);
  await new Promise<void>((resolve) => stream.onceClosed(resolve));
  return reply;
}

class SessionReader implements FeedReader {
  readonly #store: TenantStore;
  readonly #session: string;
  #stream: EventStream | undefined;
  /** Frames that have to come after a snapshot which is being made. */
  #held: FrameRecord[] | undefined;

  constructor(store: TenantStore, session: string) {
    this.#store = store;
    this.#session = session;
  }

  begin(stream: EventStream): void {
    this.#stream = stream;
  }

  frames(records: readonly FrameRecord[]): void {
    if (this.#held !== undefined) this.#held.push(...records);
    else for (const record of records) this.#stream?.frame(record);
  }

  status(json: string): void {
    if (this.#held === undefined) this.#stream?.event('status', json);
  }

  /** A snapshot that cannot be made ends the stream: its client comes back. */
  gap(missed: readonly FrameRecord[]): void {
    this.#held = [];
    snapshotOf(this.#store, this.#session, missed).then(
      (snapshot) => this.#showSnapshot(snapshot),
      () => this.#stream?.destroy(),
    );
  }

  #showSnapshot(snapshot: string): void {
    this.#stream?.event('snapshot', snapshot);
    const held = this.#held ?? [];
    this.#held = undefined;
    this.frames(held);
  }
}
