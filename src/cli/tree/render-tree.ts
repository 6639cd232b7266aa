import { counted, fit, grouped, paint } from '../terminal.ts';
import type { Style } from '../terminal.ts';

/** A node of `GET /admin/tree`. */
export interface TreeNode {
  readonly id: string;
  readonly name: string | null;
  readonly type: 'worker' | 'supervisor';
  readonly strategy?: string;
  readonly state?: string;
  readonly status: 'starting' | 'running' | 'restarting' | 'stopped';
  readonly restarts: number;
  readonly started_at: string | null;
  readonly mailbox: number;
  readonly children: readonly TreeNode[];
  /** Where `children` holds the first ones only. */
  readonly children_total?: number;
}

export interface TreeView {
  readonly hasColor: boolean;
  readonly columns: number;
  /** The tree of the draw before: what restarted since is marked. */
  readonly previous?: TreeNode | undefined;
}

interface Row {
  readonly branches: string;
  readonly node: TreeNode;
  readonly hasRestarted: boolean;
}

/** Children of one supervisor that are drawn, the conspicuous ones first. */
const MAX_CHILDREN = 20;

/** The tree as lines of a terminal: branches, name, then what each process does, in columns. */
export function renderTree(root: TreeNode, view: TreeView): string[] {
  const rows = rowsOf(root, view.previous, { own: '', below: '' });
  const nodes = rows.filter((row) => typeof row !== 'string');
  const width = Math.max(...nodes.map((row) => row.branches.length + label(row.node).length));
  return rows.map((row) => (typeof row === 'string' ? paint(fit(row, view.columns), 'dim', view.hasColor) : renderRow(row, width, view)));
}

interface Branches {
  readonly own: string;
  readonly below: string;
}

/** A text is a line that stands for the children which are not drawn. */
function rowsOf(node: TreeNode, previous: TreeNode | undefined, { own, below }: Branches): (Row | string)[] {
  const before = new Map(previous?.children.map((child) => [keyOf(child), child]));
  const hasRestarted = previous !== undefined && node.restarts > previous.restarts;
  const total = node.children_total ?? node.children.length;
  const shown = pick(node.children, before);
  const hidden = total - shown.length;
  const children = shown.flatMap((child, index) => {
    const isLast = hidden === 0 && index === shown.length - 1;
    return rowsOf(child, before.get(keyOf(child)), { own: below + (isLast ? '└─ ' : '├─ '), below: below + (isLast ? '   ' : '│  ') });
  });
  return [{ branches: own, node, hasRestarted }, ...children, ...(hidden === 0 ? [] : [`${below}└─ … ${grouped(hidden)} more`])];
}

/** The children to draw, in their order: all of a few, of many those that something happens to and then the first. */
function pick(children: readonly TreeNode[], before: ReadonlyMap<string, TreeNode>): readonly TreeNode[] {
  if (children.length <= MAX_CHILDREN) return children;
  const isConspicuous = (child: TreeNode): boolean => child.status !== 'running' || child.restarts > (before.get(keyOf(child))?.restarts ?? child.restarts);
  const first = [...children.filter(isConspicuous), ...children.filter((child) => !isConspicuous(child))].slice(0, MAX_CHILDREN);
  const picked = new Set(first);
  return children.filter((child) => picked.has(child));
}

function renderRow({ branches, node, hasRestarted }: Row, width: number, { columns, hasColor }: TreeView): string {
  const name = label(node).padEnd(width - branches.length);
  const restarts = node.restarts === 0 ? '' : counted(node.restarts, 'restart');
  const mailbox = node.mailbox === 0 ? '' : `${node.mailbox} waiting`;
  const facts = [node.strategy ?? node.state ?? '', restarts, mailbox, hasRestarted ? '← restarted' : ''].filter((fact) => fact !== '').join(' · ');
  const status = node.status.padEnd('restarting'.length);
  const line = fit(`${branches}${name}  ${status}  ${facts}`.trimEnd(), columns);
  const statusAt = branches.length + name.length + 2;
  const factsAt = statusAt + status.length;
  const begin = paint(line.slice(0, statusAt), 'bold', hasColor && node.type === 'supervisor');
  const middle = paint(line.slice(statusAt, factsAt), STATUS_STYLES[node.status], hasColor);
  return begin + middle + paint(line.slice(factsAt), 'yellow', hasColor && hasRestarted);
}

const STATUS_STYLES: Readonly<Record<TreeNode['status'], Style>> = {
  running: 'green',
  starting: 'cyan',
  restarting: 'yellow',
  stopped: 'red',
};

/** Children of dynamic supervisors share an id: their names tell them apart. */
function label({ id, name }: TreeNode): string {
  return name ?? id;
}

function keyOf({ id, name }: TreeNode): string {
  return `${id}\n${name ?? ''}`;
}

/** Processes of the tree, supervisors included, and their restarts. */
export function countTree(node: TreeNode): { readonly processes: number; readonly restarts: number } {
  const undrawn = (node.children_total ?? node.children.length) - node.children.length;
  let [processes, restarts] = [1 + undrawn, node.restarts];
  for (const child of node.children) {
    const below = countTree(child);
    processes += below.processes;
    restarts += below.restarts;
  }
  return { processes, restarts };
}
