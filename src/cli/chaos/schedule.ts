import { createRandom, pickOne } from './random.ts';

/** What can be killed: one actor by its name, one of the children of a dynamic supervisor, the tree's root, the whole process. */
export interface Victim {
  /** The row of the table. */
  readonly kind: string;
  readonly how: 'actor' | 'child' | 'root' | 'process';
  /** The actor's name; of a child, its supervisor's. */
  readonly name: string;
  /** The supervisor that restarts it and pays for that. */
  readonly supervisor: string;
  /** What its recovery is measured with: threads take longer to start. */
  readonly group: 'actor' | 'worker' | 'process';
  /** Whether every turn that runs has to begin another run behind it. A turn has three. */
  readonly endsRuns: boolean;
}

export interface PlannedKill {
  /** From the beginning of the load. */
  readonly atMs: number;
  readonly victim: Victim;
}

export interface Plan {
  readonly victims: readonly Victim[];
  /** The name of the tree's root. */
  readonly root: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly killEveryMs: number;
  readonly processKillEveryMs: number;
}

/** supervisors/*.ts: the root restarts 10 children in 60 s, every other supervisor at least 20. A fifth is left for what happens by itself. */
const BUDGET_PERIOD_MS = 60_000;
const ROOT_BUDGET = 8;
const BUDGET = 16;
/** A process that was killed is away for about so long: there is nobody to kill. */
const PROCESS_PAUSE_MS = 2000;
/** Before the process is killed: what was killed last is to be seen coming back. */
const BEFORE_PROCESS_MS = 700;
/** Longer than half of a turn: more than two ends of its runs meet no turn, unless one of its own parts is hit as well. */
const BETWEEN_ENDED_RUNS_MS = 5000;
/** The root ends its process by its own death: it is as rare. */
const ROOT_SHARE = 4;

/**
 * The kills in the order of their times, the same for the same seed and victims: in each slot the kind that was killed
 * least so far and whose supervisor can bear it. The process dies on a beat of its own.
 */
export function planKills(plan: Plan): readonly PlannedKill[] {
  const random = createRandom(plan.seed);
  const processKills = planProcessKills(plan, random);
  const isQuiet = (atMs: number): boolean => processKills.some((kill) => atMs > kill.atMs - BEFORE_PROCESS_MS && atMs < kill.atMs + PROCESS_PAUSE_MS);
  const times = beats(plan.durationMs, plan.killEveryMs, random).filter((atMs) => !isQuiet(atMs));
  return [...planActorKills(plan, { times, random, processKills }), ...processKills].sort((a, b) => a.atMs - b.atMs);
}

function planProcessKills({ victims, durationMs, processKillEveryMs }: Plan, random: () => number): PlannedKill[] {
  const process = victims.find(({ how }) => how === 'process');
  const root = victims.find(({ how }) => how === 'root');
  return beats(durationMs, processKillEveryMs, random).flatMap((atMs, index) => {
    const victim = index % ROOT_SHARE === ROOT_SHARE - 1 ? (root ?? process) : process;
    return victim === undefined ? [] : [{ atMs, victim }];
  });
}

interface Slots {
  readonly times: readonly number[];
  readonly random: () => number;
  readonly processKills: readonly PlannedKill[];
}

function planActorKills({ victims, root }: Plan, { times, random, processKills }: Slots): PlannedKill[] {
  const kills: PlannedKill[] = [];
  const counts = new Map<string, number>();
  const countOf = ({ kind }: Victim): number => counts.get(kind) ?? 0;
  const actors = victims.filter(({ how }) => how === 'actor' || how === 'child');
  let recent: readonly PlannedKill[] = [];
  for (const atMs of times) {
    recent = recent.filter((kill) => kill.atMs > atMs - BUDGET_PERIOD_MS);
    const near = [...recent, ...processKills].filter((kill) => Math.abs(kill.atMs - atMs) < BETWEEN_ENDED_RUNS_MS);
    const canEndRuns = near.every((kill) => !kill.victim.endsRuns);
    const affordable = actors.filter((victim) => (canEndRuns || !victim.endsRuns) && isAffordable(victim, recent, root));
    const least = Math.min(...affordable.map(countOf));
    const victim = pickOne(affordable.filter((candidate) => countOf(candidate) === least), random);
    if (victim === undefined) continue;
    counts.set(victim.kind, least + 1);
    kills.push({ atMs, victim });
    recent = [...recent, { atMs, victim }];
  }
  return kills;
}

function isAffordable({ supervisor }: Victim, recent: readonly PlannedKill[], root: string): boolean {
  const paid = recent.filter(({ victim }) => victim.supervisor === supervisor).length;
  return paid < (supervisor === root ? ROOT_BUDGET : BUDGET);
}

/** One time in the middle half of each interval. */
function beats(durationMs: number, everyMs: number, random: () => number): number[] {
  return Array.from({ length: Math.floor(durationMs / everyMs) }, (_, index) => Math.round((index + 0.25 + random() / 2) * everyMs));
}
