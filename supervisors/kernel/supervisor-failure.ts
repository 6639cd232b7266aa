import { inspect } from 'node:util';
import type { SpecError } from './child-spec.ts';
import type { ExitReason } from './exit-reason.ts';

/** A definition with a fault; `part` is OTP's word for where it is. */
export class InvalidSupervisor extends Error {
  override readonly name = 'InvalidSupervisor';
  readonly part: 'supervisor_data' | 'start_spec' | 'bad_return';
  readonly fault: SpecError;

  constructor(part: InvalidSupervisor['part'], fault: SpecError) {
    super(`${part}: ${fault.tag}${fault.value === undefined ? '' : `, got: ${inspect(fault.value, { depth: 1, breakLength: Infinity })}`}`);
    this.part = part;
    this.fault = fault;
  }
}

/** A supervisor that did not start because child `childId` did not; `cause` is what that child's start threw. */
export class FailedToStartChild extends Error {
  override readonly name = 'FailedToStartChild';
  readonly childId: string;

  constructor(childId: string, reason: unknown) {
    super(`child ${childId} did not start`, { cause: reason });
    this.childId = childId;
  }
}

/** More restarts than the budget allows; `cause` is the exit reason of the child that was one too many. */
export class MaxRestartIntensity extends Error {
  override readonly name = 'MaxRestartIntensity';

  constructor(cause: ExitReason) {
    super('reached_max_restart_intensity', { cause });
  }
}
