import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChildSpec, Restart } from '#supervisors/kernel/child-spec.ts';
import { RESTARTS } from '#supervisors/kernel/child-spec.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import { crashed, KILLED, NORMAL, SHUTDOWN } from '#supervisors/kernel/exit-reason.ts';
import type { Pid, StartContext, StartFunction } from '#supervisors/kernel/process.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { STRATEGIES } from '#supervisors/kernel/supervisor-flags.ts';
import type { Strategy } from '#supervisors/kernel/supervisor-flags.ts';
import type { TestChild } from '../../support/test-child.ts';
import { TestTree } from '../../support/test-tree.ts';

const GENEROUS = { intensity: 1_000_000 };
const REASONS = [NORMAL, SHUTDOWN, KILLED, crashed(new Error('boom'))];

interface ModelChild {
  readonly id: string;
  readonly restart: Restart;
  isRunning: boolean;
}

/** What a static supervisor is, said in the simplest way: a list, and the log that each command leads to. */
class Model {
  readonly strategy: Strategy;
  children: ModelChild[];
  log: string[] = [];

  constructor(strategy: Strategy, children: ModelChild[]) {
    this.strategy = strategy;
    this.children = children;
  }

  start(child: ModelChild): void {
    child.isRunning = true;
    this.log.push(`start ${child.id}`);
  }

  stop(child: ModelChild): void {
    if (child.isRunning) this.log.push(`stop ${child.id}`);
    child.isRunning = false;
  }

  remove(gone: readonly ModelChild[]): void {
    this.children = this.children.filter((child) => !gone.includes(child));
  }

  exit(child: ModelChild, isOrderly: boolean): void {
    child.isRunning = false;
    if (child.restart === 'temporary') return this.remove([child]);
    if (child.restart === 'transient' && isOrderly) return;
    const index = this.children.indexOf(child);
    const group = { one_for_one: [child], one_for_all: [...this.children], rest_for_one: this.children.slice(index) }[this.strategy];
    for (const member of group.toReversed()) this.stop(member);
    this.remove(group.filter(({ restart }) => restart === 'temporary'));
    for (const member of group) if (member.restart !== 'temporary') this.start(member);
  }
}

interface Command {
  readonly kind: 'exit' | 'terminate' | 'restart' | 'delete' | 'add';
  readonly at: number;
  readonly reason: number;
  readonly restart: Restart;
}

const restarts = fc.constantFrom(...RESTARTS);
const commands = fc.array(
  fc.record<Command>({
    kind: fc.constantFrom('exit', 'exit', 'terminate', 'restart', 'delete', 'add'),
    at: fc.nat(),
    reason: fc.nat({ max: REASONS.length - 1 }),
    restart: restarts,
  }),
  { maxLength: 25 },
);

async function run(tree: TestTree, scripted: Map<string, TestChild>, model: Model, command: Command): Promise<void> {
  const child = model.children[command.at % Math.max(1, model.children.length)];
  if (command.kind === 'add') return add(tree, scripted, model, command.restart);
  if (child === undefined) return;
  switch (command.kind) {
    case 'exit': {
      if (!child.isRunning) return;
      const reason = REASONS[command.reason] ?? NORMAL;
      scripted.get(child.id)?.current.exit(reason);
      return model.exit(child, reason === NORMAL || reason === SHUTDOWN);
    }
    case 'terminate':
      await tree.root.terminateChild(child.id);
      model.stop(child);
      return child.restart === 'temporary' ? model.remove([child]) : undefined;
    case 'restart':
      await tree.root.restartChild(child.id);
      return child.isRunning ? undefined : model.start(child);
    case 'delete':
      await tree.root.deleteChild(child.id);
      return child.isRunning ? undefined : model.remove([child]);
  }
}

async function add(tree: TestTree, scripted: Map<string, TestChild>, model: Model, restart: Restart): Promise<void> {
  const child = { id: `added-${scripted.size}`, restart, isRunning: false };
  scripted.set(child.id, tree.child(child.id));
  model.children.push(child);
  await tree.root.startChild(scripted.get(child.id)?.spec({ restart }) ?? { id: '', start: () => 'ignore' });
  model.start(child);
}

describe('Supervisor', () => {
  test('does to its children, in order, exactly what its strategy and their restart types say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...STRATEGIES), fc.array(restarts, { maxLength: 5 }), commands, async (strategy, kinds, sequence) => {
        await using tree = new TestTree();
        const model = new Model(strategy, kinds.map((restart, index) => ({ id: `c${index}`, restart, isRunning: true })));
        const scripted = new Map(model.children.map(({ id }) => [id, tree.child(id)]));
        await tree.boot({ strategy, ...GENEROUS, children: model.children.map(({ id, restart }) => scripted.get(id)?.spec({ restart }) ?? { id, start: () => 'ignore' }) });
        for (const command of sequence) {
          await run(tree, scripted, model, command);
          await tree.settled();
          expect(tree.log).toEqual(model.log);
          const listed = (await tree.root.whichChildren()).toReversed().map(({ id, pid }) => ({ id, isRunning: pid !== undefined }));
          expect(listed).toEqual(model.children.map(({ id, isRunning }) => ({ id, isRunning })));
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** One thing that goes wrong somewhere in a nested tree, or time that passes, without waiting for what it leads to. */
interface Fault {
  readonly kind: 'crash' | 'kill' | 'terminate' | 'restart' | 'start' | 'hold' | 'release' | 'fail-starts' | 'advance' | 'settle';
  readonly at: number;
}

const faults = fc.array(
  fc.record<Fault>({
    kind: fc.constantFrom('crash', 'crash', 'kill', 'terminate', 'restart', 'start', 'hold', 'release', 'fail-starts', 'advance', 'settle'),
    at: fc.nat({ max: 1000 }),
  }),
  { maxLength: 60 },
);

const HOMES = { a1: 'alpha', a2: 'alpha', b1: 'beta', b2: 'beta', p1: 'pool', p2: 'pool' } as const;
type Leaf = keyof typeof HOMES;
const LEAVES = Object.keys(HOMES) as Leaf[];
const SUPERVISORS = ['alpha', 'beta', 'pool'] as const;

/** alpha has two children and beta; beta has two children; pool is dynamic. Every second child answers no shutdown. */
class Forest {
  readonly tree = new TestTree();
  readonly #leaves: ReadonlyMap<Leaf, TestChild>;
  readonly #held: (() => void)[] = [];
  /** The incarnation of each supervisor that started last, and under which one each leaf was started. */
  readonly #supervisors = new Map<string, StartContext>();
  readonly #parents = new Map<Pid, StartContext>();

  constructor() {
    this.#leaves = new Map(LEAVES.map((id) => [id, this.tree.child(id, id.endsWith('2') ? { onShutdown: 'stuck' } : {})]));
  }

  #leaf(id: Leaf): TestChild {
    const child = this.#leaves.get(id);
    if (child === undefined) throw new Error(id);
    return child;
  }

  #spec(id: Leaf) {
    const start: StartFunction = (context) => {
      const parent = this.#supervisors.get(HOMES[id]);
      if (parent !== undefined) this.#parents.set(context.pid, parent);
      return this.#leaf(id).start(context);
    };
    const backoff = id === 'b1' || id === 'p1' ? { backoff: { initialMs: 10, maxMs: 40 } } : {};
    return { id, name: id, start, shutdown: 50, startTimeoutMs: 200, ...backoff };
  }

  #supervisor(name: string, start: StartFunction): ChildSpec {
    const remembered: StartFunction = (context) => {
      this.#supervisors.set(name, context);
      return start(context);
    };
    return { id: name, name, type: 'supervisor', start: remembered };
  }

  async boot(strategies: readonly [Strategy, Strategy]): Promise<void> {
    const beta = supervisor({ strategy: strategies[1], ...GENEROUS, children: [this.#spec('b1'), this.#spec('b2')] });
    const alpha = supervisor({
      strategy: strategies[0], ...GENEROUS,
      children: [this.#spec('a1'), this.#supervisor('beta', beta), this.#spec('a2')],
    });
    await this.tree.boot({
      ...GENEROUS,
      children: [this.#supervisor('alpha', alpha), this.#supervisor('pool', dynamicSupervisor(GENEROUS))],
    });
  }

  async apply({ kind, at }: Fault): Promise<void> {
    const id = LEAVES[at % LEAVES.length] ?? 'a1';
    const child = this.#leaf(id);
    switch (kind) {
      case 'crash':
        return child.live.at(-1)?.crash();
      case 'kill':
        return void this.tree.kernel.kill(SUPERVISORS[at % SUPERVISORS.length] ?? 'alpha');
      case 'fail-starts':
        return child.failStarts(at % 3);
      case 'hold':
        return void this.#held.push(child.holdStart().release);
      case 'release':
        return this.#release();
      case 'advance':
        return this.tree.clock.advance(at % 100);
      case 'settle':
        return this.tree.settled();
      default:
        return this.#call(kind, id);
    }
  }

  /** A late handle is killed as soon as it comes, which takes no time but a turn. */
  #release(): Promise<void> {
    try {
      this.#held.shift()?.();
    } catch {
      // its start has not come yet
    }
    return this.tree.settled();
  }

  /** A call that nobody waits for; a supervisor that is not there refuses it. */
  #call(kind: 'terminate' | 'restart' | 'start', id: Leaf): void {
    const { kernel } = this.tree;
    const home = HOMES[id];
    if (kernel.whereis(home) === undefined) return;
    const pid = this.#leaf(id).live.at(-1)?.pid ?? 0;
    const calls = {
      terminate: () => (home === 'pool' ? kernel.dynamicSupervisor(home).terminateChild(pid) : kernel.supervisor(home).terminateChild(id)),
      restart: () => (home === 'pool' ? kernel.dynamicSupervisor(home).startChild(this.#spec(id)) : kernel.supervisor(home).restartChild(id)),
      start: () => kernel.dynamicSupervisor('pool').startChild(this.#spec(at(id))),
    };
    if (kind !== 'start' || kernel.whereis('pool') !== undefined) calls[kind]().catch(() => undefined);
  }

  /** What is not as it must be at any moment. */
  faults(): string[] {
    return LEAVES.flatMap((id) => {
      const { live } = this.#leaf(id);
      const orphans = live.filter(({ pid }) => this.#parents.get(pid)?.signal.aborted !== false);
      return [...(live.length > 1 ? [`${id} lives twice`] : []), ...orphans.map(() => `${id} outlives ${HOMES[id]}`)];
    });
  }
}

function at(id: Leaf): Leaf {
  return id.startsWith('p') ? id : 'p1';
}

describe('a nested tree', () => {
  test('never has two live incarnations of one child, nor a child under a dead supervisor, whatever happens at once', { timeout: 120_000 }, async () => {
    const strategies = fc.tuple(fc.constantFrom(...STRATEGIES), fc.constantFrom(...STRATEGIES));
    await fc.assert(
      fc.asyncProperty(strategies, faults, async (pair, sequence) => {
        const forest = new Forest();
        await using tree = forest.tree;
        await forest.boot(pair);
        for (const fault of sequence) {
          await forest.apply(fault);
          expect(forest.faults()).toEqual([]);
        }
        await tree.clock.advance(1000);
        expect(forest.faults()).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
