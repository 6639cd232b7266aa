import { onTestFinished } from 'vitest';
import type { AnswerEvent, Answer, Banyan, ConnectOptions } from '#src/client/api.ts';
import { connect } from '#src/client/client.ts';

/** A client that closes with the test. */
export function connectClient(url: string, options: Partial<ConnectOptions> = {}): Banyan {
  const banyan = connect({ url, ...options });
  onTestFinished(() => banyan.close());
  return banyan;
}

export async function eventsOf(answer: Answer): Promise<AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of answer) events.push(event);
  return events;
}

/** What a reader of the events has in the end. */
export function textOf(events: readonly AnswerEvent[]): string {
  return events.reduce((text, event) => {
    if (event.type === 'delta') return text + event.text;
    return event.type === 'reset' ? event.text : text;
  }, '');
}
