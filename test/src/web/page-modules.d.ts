/** The signatures of the page's modules, which are plain JavaScript: page.tsconfig.json checks the modules themselves. */
declare module '#src/web/conversation.js' {
  import type { ClientFrame, Conversation, ServerFrame, Turn } from '#src/web/types.ts';
  export const EMPTY_CONVERSATION: Conversation;
  export function receive(conversation: Conversation, frame: ServerFrame): Conversation;
  export function isGap(conversation: Conversation, frame: ServerFrame): boolean;
  export function resumePoint(conversation: Conversation): number;
  export function ask(conversation: Conversation, ask: { readonly id: string; readonly question: string }): Conversation;
  export function stop(conversation: Conversation): Conversation;
  export function rate(conversation: Conversation, turn: string, rating: 'up' | 'down'): Conversation;
  export function leaveSession(conversation: Conversation): Conversation;
  export function withoutStatistics(conversation: Conversation): Conversation;
  export function notify(conversation: Conversation, text: string, code?: string | null): Conversation;
  export function dismiss(conversation: Conversation, key: number): Conversation;
  export function unfinishedTurn(conversation: Conversation): Turn | undefined;
  export function unconfirmedFrames(conversation: Conversation): ClientFrame[];
}

declare module '#src/web/socket.js' {
  import type { ChatSocketOptions, ClientFrame } from '#src/web/types.ts';
  export function reconnectDelayMs(attempt: number, random: number): number;
  export function chatUrl(location: { readonly protocol: string; readonly host: string }, session: string | null, after: number): string;
  export class ChatSocket {
    constructor(options: ChatSocketOptions);
    get isOnline(): boolean;
    open(): void;
    close(): void;
    drop(): void;
    send(frame: ClientFrame): boolean;
  }
}

declare module '#src/web/citations.js' {
  import type { AnswerPart, Citation, CitedSource, Source, SourcePart } from '#src/web/types.ts';
  export function citedSources(answer: string, citations: readonly Citation[], sources: readonly Source[]): CitedSource[];
  export function answerParts(answer: string, citations: readonly Citation[], cited: readonly CitedSource[]): AnswerPart[];
  export function sourceParts(text: string, passages: readonly string[]): SourcePart[];
}
