import { setTimeout as sleep } from 'node:timers/promises';
import type { Arguments, Command, Context } from '../command.ts';
import { EXIT, URL_OPTION } from '../command.ts';
import { Failure } from '../failure.ts';
import { interruption } from '../interruption.ts';
import { request } from '../service-client.ts';
import { serviceUrl } from '../service-url.ts';
import type { Terminal } from '../terminal.ts';
import { counted, fit, paint } from '../terminal.ts';
import type { TreeNode } from '../tree/render-tree.ts';
import { countTree, renderTree } from '../tree/render-tree.ts';

const REFRESH_MS = 1000;
const REQUEST_TIMEOUT_MS = 5000;
/** The alternate screen, without cursor; what the user had before comes back after it. */
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_TO_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** `banyan tree`: the supervision tree as it lives. */
export const treeCommand: Command = {
  usage: 'tree [options]',
  doc: 'Draws the supervision tree of the running service: status, state, restarts, waiting messages. On a terminal it is drawn again each second and marks what restarted since; Ctrl-C leaves.',
  options: {
    once: { doc: 'draw it once; so it is where the output is no terminal' },
    ...URL_OPTION,
  },
  takesPositionals: false,
  run: tree,
};

async function tree({ texts, flags }: Arguments, { env, stdout }: Context): Promise<number> {
  const service = await serviceUrl(texts['url'], env);
  const signal = interruption();
  const first = await fetchTree(service, signal);
  if (stdout.isTerminal && !flags.has('once')) await watch(service, first, stdout, signal);
  else for (const line of drawing(first, undefined, { ...stdout, columns: stdout.isTerminal ? stdout.columns : Number.POSITIVE_INFINITY })) stdout.say(line);
  return EXIT.ok;
}

/** Draws until the user interrupts. A service that is away for a while is said so, over its last tree. */
async function watch(service: URL, first: TreeNode, terminal: Terminal, signal: AbortSignal): Promise<void> {
  terminal.write(ENTER_SCREEN);
  try {
    let [previous, current] = [first, first];
    let trouble: string | undefined;
    while (!signal.aborted) {
      const lines = drawing(current, previous, terminal);
      terminal.write(screen(trouble === undefined ? lines : [paint(fit(trouble, terminal.columns), 'red', terminal.hasColor), ...lines], terminal.rows));
      await sleep(REFRESH_MS, undefined, { signal });
      previous = current;
      [current, trouble] = await fetchTree(service, signal).then((node) => [node, undefined] as const, (error: unknown) => [current, sentence(error)] as const);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    terminal.write(LEAVE_SCREEN);
  }
}

function fetchTree(service: URL, signal: AbortSignal): Promise<TreeNode> {
  return request<TreeNode>(service, 'admin/tree', { signal, timeoutMs: REQUEST_TIMEOUT_MS });
}

function drawing(node: TreeNode, previous: TreeNode | undefined, terminal: Pick<Terminal, 'hasColor' | 'columns'>): string[] {
  const { processes, restarts } = countTree(node);
  const summary = `${counted(processes, 'process', 'processes')}, ${counted(restarts, 'restart')}`;
  return [...renderTree(node, { ...terminal, columns: terminal.columns, previous }), paint(summary, 'dim', terminal.hasColor)];
}

/** One screen of lines, drawn over the one before; where they are too many, the last row says how many are below it. */
export function screen(lines: readonly string[], rows: number): string {
  const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${counted(lines.length - rows + 1, 'line')} below`];
  return `${HOME}${shown.map((line) => line + CLEAR_TO_LINE_END).join('\n')}${CLEAR_BELOW}`;
}

/** Nothing but a service that does not answer as it should is waited for. */
function sentence(error: unknown): string {
  if (error instanceof Failure || (error instanceof Error && error.name === 'ServiceError')) return error.message;
  throw error;
}
