import { describe, expect, test } from 'vitest';
import type { ChildSpec } from '#supervisors/kernel/child-spec.ts';
import { checkChildSpec, checkChildSpecs, resolveSpec } from '#supervisors/kernel/child-spec.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { SupervisorDefinition } from '#supervisors/kernel/supervisor.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import { TestTree } from '../../../support/test-tree.ts';

const start = () => 'ignore' as const;
const good = { id: 'good', start };

const specFaults: readonly (readonly [string, unknown, object])[] = [
  ['no map', 7, { tag: 'invalid_child_spec', value: 7 }],
  ['null', null, { tag: 'invalid_child_spec', value: null }],
  ['no id', { start }, { tag: 'missing_id' }],
  ['an id that is no string', { id: 7, start }, { tag: 'invalid_id', value: 7 }],
  ['an empty id', { id: '', start }, { tag: 'invalid_id', value: '' }],
  ['no start', { id: 'a' }, { tag: 'missing_start' }],
  ['a start that is no function', { id: 'a', start: 'go' }, { tag: 'invalid_start', value: 'go' }],
  ['an empty name', { ...good, name: '' }, { tag: 'invalid_name', value: '' }],
  ['an unknown restart', { ...good, restart: 'always' }, { tag: 'invalid_restart_type', value: 'always' }],
  ['a significant that is no boolean', { ...good, significant: 1 }, { tag: 'invalid_significant', value: 1 }],
  ['an unknown type', { ...good, type: 'boss' }, { tag: 'invalid_child_type', value: 'boss' }],
  ['a negative shutdown', { ...good, shutdown: -1 }, { tag: 'invalid_shutdown', value: -1 }],
  ['a shutdown that is no whole number', { ...good, shutdown: 1.5 }, { tag: 'invalid_shutdown', value: 1.5 }],
  ['a shutdown beyond the longest timer', { ...good, shutdown: 2 ** 31 }, { tag: 'invalid_shutdown', value: 2 ** 31 }],
  ['a start timeout of 0', { ...good, startTimeoutMs: 0 }, { tag: 'invalid_start_timeout', value: 0 }],
  ['a mailbox limit of 0', { ...good, mailboxLimit: 0 }, { tag: 'invalid_mailbox_limit', value: 0 }],
  ['a backoff without times', { ...good, backoff: {} }, { tag: 'invalid_backoff', value: {} }],
  ['a backoff of null', { ...good, backoff: null }, { tag: 'invalid_backoff', value: null }],
];

describe('checkChildSpec', () => {
  test.for(specFaults)('T16 %s is named and nothing is started', async ([, spec, fault]) => {
    await using tree = new TestTree();
    const before = tree.child('before');
    const boot = tree.boot({ children: [before.spec(), spec as ChildSpec] });
    await expect(boot).rejects.toMatchObject({ part: 'start_spec', fault });
    expect(before.starts).toBe(0);
  });

  test.for(specFaults)('T16 startChild refuses %s', async ([, spec, fault]) => {
    await using tree = new TestTree();
    await tree.boot({ children: [] });
    expect(await tree.root.startChild(spec as ChildSpec)).toEqual({ ok: false, error: fault });
  });

  test('faults are looked for in the order id, start, restart, significant, type, shutdown', () => {
    const all = { restart: 'r', significant: 's', type: 't', shutdown: 'd' };
    const steps = [{}, { id: 'a' }, { start }, { restart: 'transient' }, { significant: false }, { type: 'worker' }, { shutdown: 0 }];
    const tags = steps.map((_, step) => checkChildSpec(Object.assign({ ...all }, ...steps.slice(0, step + 1)))?.tag);
    const expected = ['missing_id', 'missing_start', 'invalid_restart_type', 'invalid_significant', 'invalid_child_type', 'invalid_shutdown', undefined];
    expect(tags).toEqual(expected);
  });

  test('keys that nobody knows are ignored', () => {
    expect(checkChildSpec({ ...good, colour: 'green' })).toBeUndefined();
  });

  test('the combination with autoShutdown is checked only where it is known', () => {
    const significant = { ...good, restart: 'transient', significant: true };
    expect(checkChildSpecs([significant])).toBeUndefined();
    expect(checkChildSpecs([significant], 'never')).toMatchObject({ tag: 'bad_combination' });
    expect(checkChildSpecs([significant], 'any_significant')).toBeUndefined();
  });

  test('T106 a significant child is refused where it cannot end its supervisor', async () => {
    await using tree = new TestTree();
    const never = { children: [{ ...good, restart: 'transient', significant: true }] } as const;
    const permanent = { autoShutdown: 'any_significant', children: [{ ...good, significant: true }] } as const;
    await expect(tree.boot(never)).rejects.toMatchObject({
      fault: { tag: 'bad_combination', value: { autoShutdown: 'never', significant: true } },
    });
    await using other = new TestTree();
    await expect(other.boot(permanent)).rejects.toMatchObject({
      fault: { tag: 'bad_combination', value: { restart: 'permanent', significant: true } },
    });
  });
});

describe('resolveSpec', () => {
  test('a worker is given 5 s to end and 30 s to start, a supervisor as long as it needs', () => {
    expect(resolveSpec(good)).toMatchObject({ restart: 'permanent', type: 'worker', shutdown: 5000, startTimeoutMs: 30_000, significant: false });
    expect(resolveSpec({ ...good, type: 'supervisor' })).toMatchObject({ shutdown: 'infinity', startTimeoutMs: 'infinity' });
  });
});

const flagFaults: readonly (readonly [string, object, object])[] = [
  ['an unknown strategy', { strategy: 'simple_one_for_one' }, { tag: 'invalid_strategy', value: 'simple_one_for_one' }],
  ['a negative intensity', { intensity: -1 }, { tag: 'invalid_intensity', value: -1 }],
  ['an intensity that is no whole number', { intensity: 1.5 }, { tag: 'invalid_intensity', value: 1.5 }],
  ['a period of 0', { periodMs: 0 }, { tag: 'invalid_period', value: 0 }],
  ['a period that is no number', { periodMs: '5' }, { tag: 'invalid_period', value: '5' }],
  ['an unknown autoShutdown', { autoShutdown: 'always' }, { tag: 'invalid_auto_shutdown', value: 'always' }],
];

describe('supervisor flags', () => {
  test.for(flagFaults)('T17 %s is named', async ([, flags, fault]) => {
    await using tree = new TestTree();
    const definition: SupervisorDefinition = { ...flags, children: [good] };
    await expect(tree.boot(supervisor(definition))).rejects.toMatchObject({ part: 'supervisor_data', fault });
  });

  const dynamicFaults: typeof flagFaults = [
    ...flagFaults.filter(([, flags]) => !('autoShutdown' in flags)),
    ['an autoShutdown', { autoShutdown: 'any_significant' }, { tag: 'invalid_auto_shutdown', value: 'any_significant' }],
    ['a strategy other than one_for_one', { strategy: 'one_for_all' }, { tag: 'invalid_strategy', value: 'one_for_all' }],
    ['a negative maximum of children', { maxChildren: -1 }, { tag: 'invalid_max_children', value: -1 }],
  ];
  test.for(dynamicFaults)('T125 a dynamic supervisor names %s', async ([, options, fault]) => {
    await using tree = new TestTree();
    await expect(tree.boot(dynamicSupervisor(options))).rejects.toMatchObject({ part: 'supervisor_data', fault });
  });

  test.for(specFaults)('T125 a dynamic supervisor refuses a child with %s', async ([, spec, fault]) => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    expect(await tree.pool.startChild(spec as ChildSpec)).toEqual({ ok: false, error: fault });
    expect((await tree.pool.countChildren()).specs).toBe(0);
  });

  test('T125 a dynamic supervisor refuses a significant child', async () => {
    await using tree = new TestTree();
    await tree.bootDynamic();
    const result = await tree.pool.startChild({ ...good, restart: 'temporary', significant: true });
    expect(result).toEqual({ ok: false, error: { tag: 'invalid_significant', value: true } });
  });
});
