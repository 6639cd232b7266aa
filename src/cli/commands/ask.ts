import type { AskOptions } from '#src/ports/answer.ts';
import { wholeNumber } from '../arguments.ts';
import { ChatClient } from '../chat/chat-client.ts';
import type { AnswerPrinter } from '../chat/print-answer.ts';
import { answerPrinter } from '../chat/print-answer.ts';
import type { TurnEnd } from '../chat/turn.ts';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT, URL_OPTION } from '../command.ts';
import { UsageError } from '../failure.ts';
import { interruption } from '../interruption.ts';
import { serviceUrl } from '../service-url.ts';
import type { Terminal } from '../terminal.ts';
import { paint } from '../terminal.ts';

const MAX_TOP_K = 50;

/** `banyan ask`: one question, one answer. */
export const askCommand: Command = {
  usage: 'ask "<question>" [options]',
  doc: [
    'Asks one question, writes the answer as it comes, then the sources. Ctrl-C cancels the answer.',
    'On a terminal, [n] stands behind each passage that source n supports; with --json the citations are exact everywhere.',
    'Exits with 3 when the documents do not answer the question.',
  ].join('\n'),
  options: {
    json: { doc: 'write the end of the answer as one JSON object instead' },
    session: { value: 'ID', doc: 'go on with this session' },
    'top-k': { value: 'N', doc: `sources to answer from, 1 to ${MAX_TOP_K}` },
    ...URL_OPTION,
  },
  takesPositionals: true,
  run: ask,
};

async function ask({ positionals, texts, flags }: Arguments, context: Context): Promise<number> {
  const question = positionals.join(' ');
  if (question.trim() === '') throw new UsageError('banyan ask needs a question: banyan ask "How does Banyan restart a failed child?"');
  const options = askOptions(texts['top-k']);
  const { stdout, stderr } = context;
  const isJson = flags.has('json');
  const service = await serviceUrl(texts['url'], context.env);
  const client = new ChatClient({ service, session: texts['session'], onReconnect: () => stderr.say('Connection lost, trying again.') });
  const printer = isJson ? SILENT : answerPrinter(stdout);
  try {
    const end = await client.ask({ question, options, listener: printer, signal: interruption() });
    printer.end(end);
    if (isJson) stdout.say(JSON.stringify({ ...end, session: client.session }));
    else tellCircumstances(end, client.session, context);
    return exitCodeOf(end);
  } catch (error) {
    printer.breakOff();
    throw error;
  } finally {
    client.close();
  }
}

const SILENT: AnswerPrinter = { text: () => undefined, stage: () => undefined, end: () => undefined, breakOff: () => undefined };

function askOptions(topK: string | undefined): AskOptions {
  return topK === undefined ? {} : { top_k: wholeNumber('top-k', topK, { min: 1, max: MAX_TOP_K }) };
}

/** What the answer itself does not say: on stderr, so that a pipe gets the answer alone. */
function tellCircumstances(end: TurnEnd, session: string | undefined, { stdout, stderr }: Context): void {
  tellFinish(end, stderr);
  if (stdout.isTerminal) stderr.say(paint(`Go on with: banyan chat --session ${session}`, 'dim', stderr.hasColor));
}

/** Says what is unusual about an answer. */
export function tellFinish({ finish, degraded }: TurnEnd, stderr: Terminal): void {
  if (degraded.length > 0) stderr.say(paint(`Degraded: made without ${degraded.join(', ')}.`, 'yellow', stderr.hasColor));
  if (finish === 'cancelled') stderr.say(paint('Cancelled.', 'yellow', stderr.hasColor));
  if (finish === 'length') stderr.say(paint('The answer was cut at its greatest length.', 'yellow', stderr.hasColor));
}

function exitCodeOf({ finish }: TurnEnd): number {
  if (finish === 'refused') return EXIT.refused;
  return finish === 'cancelled' ? EXIT.interrupted : EXIT.ok;
}
