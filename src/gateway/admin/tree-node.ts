import type { ProcessInfo } from '#supervisors/kernel/process-info.ts';
import { isoTime } from '../page.ts';

/** A supervisor of ten thousand sessions is shown by its first ones. */
const MAX_CHILDREN = 1000;

/** A node of `/admin/tree`, as its readers know it. */
export interface TreeNode {
  readonly id: string;
  readonly name: string | null;
  readonly type: ProcessInfo['type'];
  readonly strategy?: NonNullable<ProcessInfo['strategy']>;
  readonly state?: string;
  readonly status: ProcessInfo['status'];
  readonly restarts: number;
  readonly started_at: string | null;
  readonly mailbox: number;
  readonly children: TreeNode[];
  readonly children_total?: number;
}

export function treeNode(info: ProcessInfo): TreeNode {
  const { id, name, type, strategy, state, status, restarts, startedAt, mailbox, children } = info;
  return {
    id,
    name: name ?? null,
    type,
    ...(strategy === undefined ? {} : { strategy }),
    ...(state === undefined ? {} : { state }),
    status,
    restarts,
    started_at: startedAt === undefined ? null : isoTime(startedAt),
    mailbox,
    children: children.slice(0, MAX_CHILDREN).map(treeNode),
    ...(children.length > MAX_CHILDREN ? { children_total: children.length } : {}),
  };
}

export function findNode(tree: ProcessInfo | undefined, name: string): ProcessInfo | undefined {
  if (tree === undefined || tree.name === name) return tree;
  for (const child of tree.children) {
    const found = findNode(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
