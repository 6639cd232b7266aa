import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Import } from './source-files.ts';
import { allImports, importsOf } from './source-files.ts';

/** What a part of the project may import: ours by the beginning of the path, packages by name. First match wins. */
interface Part {
  readonly path: string;
  readonly ours: readonly string[];
  /** Ours, where only the type is needed. */
  readonly types?: readonly string[];
  readonly packages: readonly string[];
}

const ANY_PROJECT_FILE = ['src/', 'agents/', 'supervisors/', 'config/'];

const PARTS: readonly Part[] = [
  { path: 'src/errors.ts', ours: [], packages: [] },
  { path: 'src/locations.ts', ours: [], packages: [] },
  { path: 'src/answer-json.ts', ours: [], types: ['src/ports/'], packages: [] },
  { path: 'src/ports/', ours: ['src/errors.ts', 'src/ports/'], types: ['supervisors/kernel/'], packages: [] },
  {
    path: 'supervisors/kernel/',
    ours: ['src/errors.ts', 'src/ports/clock.ts', 'supervisors/kernel/'],
    types: ['src/ports/'],
    packages: ['xstate'],
  },
  { path: 'config/', ours: ['src/errors.ts', 'config/'], packages: ['yaml'] },
  { path: 'src/rag/', ours: ['src/errors.ts', 'src/ports/', 'src/rag/', 'config/prompts/'], packages: ['@orama/stemmers'] },
  {
    path: 'src/telemetry/',
    ours: ['config/model-table.ts', 'src/errors.ts', 'src/telemetry/', 'supervisors/kernel/exit-reason.ts'],
    types: ['supervisors/kernel/', 'agents/', 'src/ports/'],
    packages: ['pino', 'pino-pretty', 'prom-client'],
  },
  {
    path: 'src/store/',
    ours: [
      'src/answer-json.ts',
      'src/errors.ts',
      'src/locations.ts',
      'src/ports/',
      'src/rag/',
      'src/store/',
      'src/adapters/lexical-index/',
      'supervisors/kernel/handles/worker-endpoint.ts',
    ],
    packages: ['lru-cache', 'usearch'],
  },
  // The actor around the server: it opens, drains and closes what src/gateway makes.
  { path: 'agents/gateway/', ours: ['src/errors.ts', 'src/gateway/', 'agents/gateway/', 'supervisors/kernel/handles/server.ts'], types: ['supervisors/kernel/'], packages: [] },
  {
    path: 'agents/',
    ours: [
      'src/answer-json.ts',
      'src/errors.ts',
      'src/ports/',
      'src/rag/',
      'src/telemetry/',
      'agents/',
      'config/prompts/',
      // How an agent becomes a child, and asks for one of its own kind.
      'supervisors/kernel/handles/actor.ts',
      'supervisors/kernel/ensure-child.ts',
    ],
    types: ['supervisors/kernel/'],
    packages: ['xstate', 'lru-cache'],
  },
  // The index in the data directory is a worker of the store, asked as the store asks its workers.
  { path: 'src/adapters/vector-index/embedded.ts', ours: ['src/errors.ts', 'src/ports/', 'src/adapters/', 'src/store/vectors/', 'src/store/tenant/store-actor.ts'], packages: [] },
  { path: 'src/adapters/', ours: ['src/errors.ts', 'src/ports/', 'src/rag/', 'src/adapters/', 'config/model-table.ts'], packages: ['lru-cache'] },
  {
    path: 'src/gateway/',
    ours: ['src/answer-json.ts', 'src/errors.ts', 'src/locations.ts', 'src/ports/', 'src/rag/', 'src/telemetry/', 'src/gateway/', 'agents/', 'supervisors/kernel/'],
    packages: ['fastify', 'typebox', 'ajv', 'ws'],
  },
  { path: 'supervisors/', ours: ANY_PROJECT_FILE, packages: [] },
  { path: 'src/cli/', ours: ANY_PROJECT_FILE, packages: ['ws'] },
  { path: 'src/version.ts', ours: ['package.json'], packages: [] },
  // Runs in browsers, too: it stands on nothing.
  { path: 'src/client/', ours: ['src/client/'], packages: [] },
  // Where the service is put together.
  { path: 'src/main.ts', ours: ANY_PROJECT_FILE, packages: [] },
  { path: 'src/serve.ts', ours: ANY_PROJECT_FILE, packages: [] },
  { path: 'src/service.ts', ours: ANY_PROJECT_FILE, packages: [] },
  { path: 'src/providers/', ours: ANY_PROJECT_FILE, packages: [] },
  { path: 'src/composition.ts', ours: ANY_PROJECT_FILE, packages: [] },
];

/** Everybody may know what the settings look like. */
const TYPES_FOR_ALL = ['config/schema.ts'];

const imports = allImports();
const ours = imports.filter((one) => one.isOurs);

describe('imports', () => {
  test('are found in every form', () => {
    const source = [
      "import type { A } from '#src/a.ts';",
      "import {\n  b,\n  c,\n} from './b.ts';",
      "import { type D } from './d.ts';",
      "export { e } from './e.ts';",
      "import './f.ts';",
      "const g = await import('g');",
      "import h, { i } from 'h/i';",
      'b; c; h; i; g;',
    ].join('\n');
    expect(importsOf('src/x/y.ts', source).map(describeImport)).toEqual([
      'src/a.ts type',
      'src/x/b.ts',
      'src/x/d.ts',
      'src/x/e.ts',
      'src/x/f.ts',
      'h/i package',
      'g package lazy',
    ]);
  });

  test('of ours name a file that exists', () => {
    expect(ours.filter((one) => !existsSync(one.to)).map(arrow)).toEqual([]);
  });

  test('across parts go by the # names', () => {
    const climbing = ours.filter((one) => one.specifier.startsWith('..') && partOf(one.from) !== partOf(one.to) && one.to !== 'package.json');
    expect(climbing.map(arrow)).toEqual([]);
  });

  test('follow the direction of the parts', () => {
    expect(ours.filter((one) => !mayImport(one)).map(arrow)).toEqual([]);
  });

  test("of another agent's folder take its .agent.ts", () => {
    const foreign = ours.filter((one) => one.to.startsWith('agents/') && dirname(one.to) !== dirname(one.from));
    const throughTheWindow = foreign.filter((one) => one.from.startsWith('agents/') && !one.to.endsWith('.agent.ts'));
    expect(throughTheWindow.map(arrow)).toEqual([]);
  });

  test('of packages are those that the part is for', () => {
    const packages = imports.filter((one) => !one.isOurs && !isBuiltin(one.to));
    const adapters = packages.filter((one) => one.from.startsWith('src/adapters/'));
    expect(packages.filter((one) => !adapters.includes(one) && !isPackageOfPart(one)).map(arrow)).toEqual([]);
  });

  test('of an SDK happen in one adapter each, when it is needed', () => {
    const sdks = imports.filter((one) => one.from.startsWith('src/adapters/') && !one.isOurs && !one.to.startsWith('node:'));
    const vendor = sdks.filter((one) => !isPackageOfPart(one) && !one.isTypeOnly);
    expect(vendor.filter((one) => !one.isLazy).map(arrow)).toEqual([]);
    const perFile = Map.groupBy(vendor, (one) => one.from);
    expect([...perFile].filter(([, used]) => new Set(used.map((one) => vendorOf(one.to))).size > 1)).toEqual([]);
  });

  test('make no circle of folders', () => {
    expect(findCycle(folderGraph())).toBeUndefined();
  });
});

describe('findCycle', () => {
  test('names the way round', () => {
    expect(findCycle(new Map([['a', new Set(['b'])], ['b', new Set(['c'])], ['c', new Set(['b'])]]))).toEqual(['b', 'c', 'b']);
    expect(findCycle(new Map([['a', new Set(['b', 'c'])], ['b', new Set(['c'])]]))).toBeUndefined();
  });
});

function partOf(path: string): Part | undefined {
  return PARTS.find((part) => path.startsWith(part.path));
}

function mayImport({ from, to, isTypeOnly }: Import): boolean {
  const part = partOf(from);
  const allowed = [...(part?.ours ?? []), ...(isTypeOnly ? [...(part?.types ?? []), ...TYPES_FOR_ALL] : [])];
  return allowed.some((path) => to.startsWith(path));
}

function isPackageOfPart({ from, to }: Import): boolean {
  const name = packageName(to);
  const allowed = partOf(from)?.packages ?? [];
  return allowed.includes(name) || (name.startsWith('@fastify/') && allowed.includes('fastify'));
}

/** AWS spreads one SDK over two scopes. */
function vendorOf(specifier: string): string {
  return /^@(aws-sdk|smithy)\//.test(specifier) ? 'aws' : packageName(specifier);
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function folderGraph(): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, isTypeOnly } of ours) {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (isTypeOnly || source === target) continue;
    graph.set(source, (graph.get(source) ?? new Set()).add(target));
  }
  return graph;
}

/** The part of the tree that a file belongs to: two levels, of adapters three, a lone file is its own. */
function folderOf(path: string): string {
  const depth = path.startsWith('src/adapters/') ? 3 : 2;
  const parts = path.split('/');
  if (path.startsWith('supervisors/') && parts[1] !== 'kernel') return 'supervisors';
  return parts.slice(0, depth).join('/');
}

/** One circle of the graph, its first folder repeated at the end. */
function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const finished = new Set<string>();
  const search = (folder: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(folder)) return [...way.slice(way.indexOf(folder)), folder];
    if (finished.has(folder)) return undefined;
    for (const next of graph.get(folder) ?? []) {
      const cycle = search(next, [...way, folder]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(folder);
    return undefined;
  };
  return firstOf(graph.keys(), (folder) => search(folder, []));
}

function firstOf<T, Found>(items: Iterable<T>, find: (item: T) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function arrow({ from, specifier, isTypeOnly }: Import): string {
  return `${from} -> ${specifier}${isTypeOnly ? ' (type)' : ''}`;
}

function describeImport({ to, isOurs, isTypeOnly, isLazy }: Import): string {
  return [to, isTypeOnly && 'type', !isOurs && 'package', isLazy && 'lazy'].filter(Boolean).join(' ');
}
