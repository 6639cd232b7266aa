import type { FastifyReply } from 'fastify';
import { ServiceError, toErrorBody } from '#src/errors.ts';
import type { FrameRecord } from '#src/ports/frame-journal.ts';
import type { Gateway } from '../app.ts';
import type { SessionAsk } from './answer-unless-gone.ts';
import { cancelUnheard } from './answer-unless-gone.ts';
import { EventStream } from './event-stream.ts';
import type { FeedReader } from './frame-feed.ts';
import { FrameFeed } from './frame-feed.ts';

/**
 * Asks, and streams the frames of that turn until its end. Refusals come before the stream begins, with their status.
 * A client that goes away takes its question with it, unless others listen to the session.
 */
export async function streamAnswer(gateway: Gateway, reply: FastifyReply, { session, isNew, ask }: SessionAsk): Promise<FastifyReply> {
  const { kernel, sessions } = gateway.services;
  const reader = new TurnReader();
  const feed = new FrameFeed(kernel, session, reader);
  const { lastSeq } = await (isNew ? feed.begin() : feed.open(undefined));
  try {
    const { turn } = await sessions.ask(session, ask);
    const stream = new EventStream(reply, gateway, (hasLeft) => (hasLeft ? cancelUnheard(gateway.services, session, turn, feed) : feed.close()));
    stream.event('ready', JSON.stringify({ type: 'ready', session, last_seq: lastSeq, resumed: false }));
    reader.begin(turn, stream);
    await reader.ended;
  } catch (error) {
    feed.close();
    throw error;
  }
  return reply;
}

/** Passes on the frames of one turn: those that came before its id was known first. */
class TurnReader implements FeedReader {
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;
  #early: FrameRecord[] = [];
  #turn: string | undefined;
  #stream: EventStream | undefined;

  begin(turn: string, stream: EventStream): void {
    this.#turn = turn;
    this.#stream = stream;
    stream.onceClosed(() => this.#end.resolve());
    const early = this.#early;
    this.#early = [];
    this.frames(early);
  }

  frames(records: readonly FrameRecord[]): void {
    if (this.#stream === undefined) return void this.#early.push(...records);
    for (const record of records) {
      if (record.turn !== this.#turn) continue;
      this.#stream.frame(record);
      if (record.type === 'answer-end' || record.type === 'answer-error') this.#stream.end();
    }
  }

  status(json: string): void {
    if ((JSON.parse(json) as { readonly turn: string }).turn === this.#turn) this.#stream?.event('status', json);
  }

  gap(): void {
    const error = toErrorBody(new ServiceError('TURN_INTERRUPTED', 'the log of the session was lost'));
    this.#stream?.event('error', JSON.stringify({ type: 'error', ...(this.#turn === undefined ? {} : { turn: this.#turn }), error }));
    this.#stream?.end();
  }
}
