import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { screen } from '#src/cli/commands/tree.ts';
import type { TreeNode } from '#src/cli/tree/render-tree.ts';
import { countTree, renderTree } from '#src/cli/tree/render-tree.ts';

const view = { hasColor: false, columns: 120 };

function node(name: string, fields: Partial<TreeNode> = {}): TreeNode {
  return { id: name, name, type: fields.children === undefined ? 'worker' : 'supervisor', status: 'running', restarts: 0, started_at: null, mailbox: 0, children: [], ...fields };
}

function sessions(count: number, change: (index: number) => Partial<TreeNode> = () => ({})): TreeNode {
  return node('sessions', { strategy: 'dynamic', children: Array.from({ length: count }, (_, index) => node(`session:${index}`, { id: 'session', ...change(index) })) });
}

describe('renderTree', () => {
  test('draws branches, names and what each process does', () => {
    const tree = node('banyan', {
      strategy: 'one_for_one',
      children: [node('store', { strategy: 'one_for_one', children: [node('knowledge', { restarts: 2, mailbox: 7 })] }), node('health', { state: 'healthy', restarts: 1 })],
    });
    expect(renderTree(tree, view)).toEqual([
      'banyan           running     one_for_one',
      '├─ store         running     one_for_one',
      '│  └─ knowledge  running     2 restarts · 7 waiting',
      '└─ health        running     healthy · 1 restart',
    ]);
  });

  test('marks what restarted since the last draw, and only that', () => {
    const before = node('banyan', { children: [node('cache', { restarts: 1 }), node('frames', { restarts: 3 })] });
    const after = node('banyan', { children: [node('cache', { restarts: 2 }), node('frames', { restarts: 3 }), node('new', { restarts: 1 })] });
    const marked = renderTree(after, { ...view, previous: before }).filter((line) => line.endsWith('← restarted'));
    expect(marked).toEqual([expect.stringContaining('cache')]);
  });

  test('a process without a name goes by its id', () => {
    expect(renderTree(node('x', { id: 'job', name: null }), view)).toEqual(['job  running']);
  });

  test('many children are summed up, those that something happens to are shown', () => {
    const tree = sessions(10_000, (index) => (index === 7777 ? { status: 'restarting' } : {}));
    const lines = renderTree(tree, view);
    expect(lines.length).toBe(22);
    expect(lines.at(-2)).toContain('session:7777');
    expect(lines.at(-1)).toBe('└─ … 9\u00a0980 more');
  });

  test('children that the service left out are counted', () => {
    const tree = { ...sessions(10), children_total: 5010 };
    expect(renderTree(tree, view).at(-1)).toBe('└─ … 5\u00a0000 more');
    expect(countTree(tree)).toEqual({ processes: 5011, restarts: 0 });
  });

  test('no line is wider than the window, colours or not', () => {
    const tree = node('banyan', { children: [node('a'.repeat(200), { state: 'b'.repeat(200), restarts: 1 })] });
    for (const hasColor of [true, false]) {
      for (const columns of [10, 40, 120]) {
        for (const line of renderTree(tree, { hasColor, columns })) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
      }
    }
  });

  test('colours change no character', () => {
    const tree = node('banyan', { children: [node('cache', { status: 'stopped', restarts: 1 })] });
    const coloured = renderTree(tree, { ...view, hasColor: true });
    expect(coloured.join('\n')).toContain('\u001b[31mstopped');
    expect(coloured.map(stripVTControlCharacters)).toEqual(renderTree(tree, view));
  });
});

describe('screen', () => {
  test('a tree that is too tall says how much is below', () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const shown = stripVTControlCharacters(screen(lines, 10)).split('\n');
    expect(shown.length).toBe(10);
    expect(shown.at(-1)).toBe('… 21 lines below');
  });
});
