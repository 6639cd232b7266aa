/** The signatures of the page's modules, which are plain JavaScript: page.tsconfig.json checks the modules themselves. */
declare module '#src/web/conversation.js' {
  import type { Conversation, ErrorBody, ServerFrame, Turn } from '#src/web/types.ts';
  export const EMPTY_CONVERSATION: Conversation;
  export function receive(conversation: Conversation, frame: ServerFrame): Conversation;
  export function ask(conversation: Conversation, ask: { readonly id: string; readonly question: string }): Conversation;
  export function refuse(conversation: Conversation, id: string, error: ErrorBody): Conversation;
  export function stop(conversation: Conversation): Conversation;
  export function rate(conversation: Conversation, turn: string, rating: 'up' | 'down'): Conversation;
  export function leaveSession(conversation: Conversation): Conversation;
  export function withoutStatistics(conversation: Conversation): Conversation;
  export function notify(conversation: Conversation, text: string, code?: string | null): Conversation;
  export function notifyError(conversation: Conversation, error: ErrorBody): Conversation;
  export function dismiss(conversation: Conversation, key: number): Conversation;
  export function unacceptedTurns(conversation: Conversation): Turn[];
  export function unfinishedTurn(conversation: Conversation): Turn | undefined;
}

declare module '#src/web/citations.js' {
  import type { AnswerPart, Citation, CitedSource, Source, SourcePart } from '#src/web/types.ts';
  export function citedSources(answer: string, citations: readonly Citation[], sources: readonly Source[]): CitedSource[];
  export function answerParts(answer: string, citations: readonly Citation[], cited: readonly CitedSource[]): AnswerPart[];
  export function sourceParts(text: string, passages: readonly string[]): SourcePart[];
}
