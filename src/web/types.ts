/** What the modules of the page hand to one another. Types only: no browser loads this file. */
import type { AnswerEnd as TurnEnd, ErrorBody, Source, Stage, Statistics } from '#src/client/api.ts';

export type { Banyan, BanyanError, Citation, ErrorBody, ServerFrame, SnapshotTurn, Source, Stage, Statistics, Status } from '#src/client/api.ts';

export type AnswerEnd = Omit<TurnEnd, 'turn'>;

/** One question and what became of it. */
export interface Turn {
  /** The asker's own id. */
  readonly id: string;
  /** The service's id; null until the question is accepted. */
  readonly turn: string | null;
  readonly question: string;
  readonly state: 'sending' | 'running' | 'answered' | 'failed';
  readonly stage: Stage | null;
  readonly text: string;
  readonly sources: readonly Source[];
  readonly end: AnswerEnd | null;
  readonly error: ErrorBody | null;
  readonly rating: 'up' | 'down' | null;
  /** The reader wants it stopped. */
  readonly isStopping: boolean;
}

export interface Notice {
  readonly key: number;
  readonly text: string;
  /** A code of the error catalogue, or null for what is no error. */
  readonly code: string | null;
}

/** Everything that the page knows of its conversation. */
export interface Conversation {
  readonly session: string | null;
  readonly turns: readonly Turn[];
  readonly notices: readonly Notice[];
  readonly nextNoticeKey: number;
  readonly statistics: Statistics;
}

export type Connection =
  | { readonly state: 'connecting' }
  | { readonly state: 'online' }
  /** `retryAtMs` counts as `Date.now()` does. */
  | { readonly state: 'waiting'; readonly retryAtMs: number }
  /** Trying again changes nothing. */
  | { readonly state: 'ended' };

/** A piece of an answer: its text, and the numbers of the sources that support what ends with it. */
export interface AnswerPart {
  readonly text: string;
  readonly isCited: boolean;
  readonly marks: readonly number[];
}

/** A cited source: its number in the answer, and the passages of the answer that it supports. */
export interface CitedSource {
  readonly number: number;
  readonly source: Source;
  readonly passages: readonly string[];
}

/** A piece of a source's text. */
export interface SourcePart {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** What the reader can do with a message. */
export interface MessageActions {
  readonly openSource: (cited: CitedSource) => void;
  readonly rate: (id: string, rating: 'up' | 'down') => void;
  readonly askAgain: (turn: Turn) => void;
  /** Tells those who do not see the page. */
  readonly announce: (text: string) => void;
}

