import { describeReason } from '#supervisors/kernel/exit-reason.ts';
import type { ExitReason } from '#supervisors/kernel/exit-reason.ts';
import { dynamicSupervisor } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { DynamicSupervisorOptions } from '#supervisors/kernel/dynamic-supervisor.ts';
import type { KernelOptions } from '#supervisors/kernel/kernel.ts';
import { Kernel } from '#supervisors/kernel/kernel.ts';
import type { StartFunction } from '#supervisors/kernel/process.ts';
import type { Report } from '#supervisors/kernel/report.ts';
import type { SupervisorDefinition } from '#supervisors/kernel/supervisor.ts';
import { supervisor } from '#supervisors/kernel/supervisor.ts';
import type { DynamicSupervisorApi, SupervisorApi } from '#supervisors/kernel/supervisor-api.ts';
import { settled, SimulatedClock } from './simulated-clock.ts';
import type { TestChildOptions } from './test-child.ts';
import { TestChild } from './test-child.ts';

/** A kernel on simulated time, the scripted children of one test, and all that was reported. */
export class TestTree implements AsyncDisposable {
  readonly clock = new SimulatedClock();
  readonly kernel: Kernel;
  readonly reports: Report[] = [];
  /** `start`, `stop` and `kill` of every scripted child, in order. */
  readonly log: string[] = [];
  readonly #children: TestChild[] = [];
  exitReason: ExitReason | undefined;

  constructor(options: Omit<KernelOptions, 'clock'> = {}) {
    this.kernel = new Kernel({ clock: this.clock, ...options });
    this.kernel.onReport((report) => this.reports.push(report));
  }

  child(id: string, options: TestChildOptions = {}): TestChild {
    const child = new TestChild(id, this.log, options);
    this.#children.push(child);
    return child;
  }

  /** Boots `root` and forgets the start-up's log and reports, so that a test sees what it caused. */
  async boot(root: SupervisorDefinition | StartFunction): Promise<void> {
    const start = typeof root === 'function' ? root : supervisor(root);
    await this.kernel.boot({ name: 'root', start }, (reason) => void (this.exitReason = reason));
    this.clearRecords();
  }

  bootDynamic(options: DynamicSupervisorOptions = {}): Promise<void> {
    return this.boot(dynamicSupervisor(options));
  }

  clearRecords(): void {
    this.log.length = 0;
    this.reports.length = 0;
  }

  get root(): SupervisorApi {
    return this.kernel.supervisor('root');
  }

  get pool(): DynamicSupervisorApi {
    return this.kernel.dynamicSupervisor('root');
  }

  /** Everything reported, one line each: `exit a: killed`, `child_terminated a: error: Error: boom`, `restart a`. */
  get story(): string[] {
    return this.reports.map(tell);
  }

  /** The supervisor reports alone: the errors. */
  get errors(): string[] {
    return this.reports.filter(({ type }) => type === 'supervisor').map(tell);
  }

  readonly settled = settled;

  /** Fails the test when anything outlives the tree: a child or a timer. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kernel.kill('root');
    await settled();
    await this.kernel.stop();
    await settled();
    const alive = this.#children.filter((child) => child.live.length > 0).map(({ id }) => id);
    if (alive.length > 0) throw new Error(`still alive: ${alive.join(', ')}`);
    if (this.clock.pendingTimers > 0) throw new Error(`${this.clock.pendingTimers} timers are left`);
  }
}

function tell(report: Report): string {
  switch (report.type) {
    case 'progress':
      return `progress ${report.child.id}`;
    case 'restart':
      return `restart ${report.child.id}`;
    case 'exit':
      return `exit ${report.child.id}: ${describeReason(report.reason)}`;
    case 'supervisor':
      return `${report.context} ${report.offender.id}: ${describeReason(report.reason)}`;
    case 'stray':
      return `stray ${report.owner ?? 'nobody'}: ${String(report.error)}`;
    case 'overloaded':
      return `overloaded ${report.name}`;
  }
}
