import type { TreeNode } from '../tree/render-tree.ts';
import type { Victim } from './schedule.ts';

/** The children of the store are threads, and it is up again when they are. */
const THREADS = 'store';
/** With them go all sessions, or all queries. */
const RUNS: readonly string[] = ['sessions', 'rag', 'queries'];
export const PROCESS = 'process';

/** Everything in a live tree that can be killed by name; the children of dynamic supervisors, which come and go, as one kind each. */
export function victimsOf(root: TreeNode): readonly Victim[] {
  const name = nameOf(root);
  return [...below(root, 'actor'), { ...whole, kind: `${name} (root)`, how: 'root', name }, whole];
}

const whole: Victim = { kind: PROCESS, how: 'process', name: PROCESS, supervisor: PROCESS, group: 'process', endsRuns: true };

function below(parent: TreeNode, parentGroup: Victim['group']): Victim[] {
  const supervisor = nameOf(parent);
  if (parent.strategy === 'dynamic') return [{ kind: `one of ${supervisor}`, how: 'child', name: supervisor, supervisor, group: parentGroup, endsRuns: false }];
  return parent.children.flatMap((child): Victim[] => {
    if (child.name === null) return [];
    const group = child.name === THREADS ? 'worker' : parentGroup;
    const endsRuns = RUNS.includes(child.name);
    return [{ kind: child.name, how: 'actor', name: child.name, supervisor, group, endsRuns }, ...below(child, group)];
  });
}

function nameOf({ name, id }: TreeNode): string {
  return name ?? id;
}

/** The names in the tree that do not run. */
export function missingIn(root: TreeNode, names: readonly string[]): readonly string[] {
  const running = new Set(flatten(root).flatMap(({ name, status }) => (name !== null && status === 'running' ? [name] : [])));
  return names.filter((name) => !running.has(name));
}

function flatten(node: TreeNode): TreeNode[] {
  return [node, ...node.children.flatMap(flatten)];
}
