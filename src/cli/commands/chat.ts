import type { Interface } from 'node:readline';
import { createInterface } from 'node:readline';
import { ChatClient } from '../chat/chat-client.ts';
import { answerPrinter } from '../chat/print-answer.ts';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT, URL_OPTION } from '../command.ts';
import { describeFailure } from '../failure.ts';
import { onInterrupt } from '../interruption.ts';
import { serviceUrl } from '../service-url.ts';
import { paint } from '../terminal.ts';
import { tellFinish } from './ask.ts';

/** `banyan chat`: questions line by line in one session. */
export const chatCommand: Command = {
  usage: 'chat [options]',
  doc: [
    'Answers each line in one session. Ctrl-C cancels the running answer, or leaves when there is none; so does /quit.',
    'A lost connection is taken up again where it broke. Lines may also come from a pipe; then it exits with 1 when one failed.',
  ].join('\n'),
  options: {
    session: { value: 'ID', doc: 'go on with this session' },
    ...URL_OPTION,
  },
  takesPositionals: false,
  run: chat,
};

async function chat({ texts }: Arguments, context: Context): Promise<number> {
  const { stdout, stderr } = context;
  const service = await serviceUrl(texts['url'], context.env);
  const client = new ChatClient({ service, session: texts['session'], onReconnect: () => stderr.say('Connection lost, trying again.') });
  await client.connect();
  const isInteractive = process.stdin.isTTY && stdout.isTerminal;
  const lines = createInterface({ input: process.stdin, terminal: isInteractive, prompt: '> ', ...(isInteractive && { output: process.stdout }) });
  try {
    const failed = await answerLines(lines, client, context);
    if (isInteractive) stdout.say(paint(`Go on with: banyan chat --session ${client.session}`, 'dim', stdout.hasColor));
    return failed > 0 && !isInteractive ? EXIT.failed : EXIT.ok;
  } finally {
    lines.close();
    client.close();
  }
}

/** Answers until `/quit` or the end of the input. Resolves with how many questions failed. */
async function answerLines(lines: Interface, client: ChatClient, context: Context): Promise<number> {
  let running: AbortController | undefined;
  let failed = 0;
  const interrupt = (): void => (running === undefined ? lines.close() : running.abort());
  lines.on('SIGINT', interrupt); // a terminal in raw mode gives no signal
  const stopListening = onInterrupt(interrupt);
  let isOpen = true;
  lines.on('close', () => (isOpen = false));
  lines.prompt();
  for await (const line of lines) {
    const question = line.trim();
    if (question === '/quit') break;
    running = new AbortController();
    if (question !== '' && !(await answer(question, client, context, running.signal))) failed += 1;
    running = undefined;
    if (isOpen) lines.prompt();
  }
  stopListening();
  return failed;
}

/** Whether there was an answer. What went wrong is told, and the chat goes on. */
async function answer(question: string, client: ChatClient, { stdout, stderr }: Context, signal: AbortSignal): Promise<boolean> {
  const printer = answerPrinter(stdout);
  try {
    const end = await client.ask({ question, options: {}, listener: printer, signal });
    printer.end(end);
    tellFinish(end, stderr);
    stdout.say('');
    return true;
  } catch (error) {
    printer.breakOff();
    for (const line of describeFailure(error).lines) stderr.say(paint(line, 'red', stderr.hasColor));
    return false;
  }
}
