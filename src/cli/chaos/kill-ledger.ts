import type { Victim } from './schedule.ts';
import type { Breach, Fault } from './session-account.ts';

/** One kind of victim, and what came of its kills. */
export interface KindRow {
  readonly victim: Victim;
  kills: number;
  /** From the end of the child until it was up again; of the process, from its kill until it listened. */
  readonly recoveriesMs: number[];
  readonly faults: Record<Fault, number>;
  unfinished: number;
}

interface Kill {
  readonly kind: string;
  readonly atMs: number;
}

/** Who was killed when, how long it was away, and what the clients saw go wrong behind it. */
export class KillLedger {
  readonly #rows: ReadonlyMap<string, KindRow>;
  readonly #kills: Kill[] = [];
  /** Killed and not back yet, by name. */
  readonly #away = new Map<string, Kill>();

  constructor(victims: readonly Victim[]) {
    this.#rows = new Map(victims.map((victim) => [victim.kind, emptyRow(victim)]));
  }

  get rows(): readonly KindRow[] {
    return [...this.#rows.values()];
  }

  /** To be told before the kill, since the restart may be told before the kill is answered. */
  killing({ kind }: Victim, name: string, atMs: number): void {
    const kill = { kind, atMs };
    this.#kills.push(kill);
    this.#away.set(name, kill);
    this.#change(kind, (row) => (row.kills += 1));
  }

  /** There was nobody to kill after all. */
  missed(name: string): void {
    const kill = this.#away.get(name);
    if (kill === undefined) return;
    this.#away.delete(name);
    this.#kills.splice(this.#kills.indexOf(kill), 1);
    this.#change(kill.kind, (row) => (row.kills -= 1));
  }

  restarted(name: string, downMs: number): void {
    const kill = this.#away.get(name);
    if (kill === undefined) return;
    this.#away.delete(name);
    this.#change(kill.kind, (row) => row.recoveriesMs.push(downMs));
  }

  /** The process listens: where it had been killed, by one of these names, whoever was away when it died came back with it. */
  processUp(names: readonly string[], nowMs: number): void {
    const name = names.find((candidate) => this.#away.has(candidate));
    if (name === undefined) return;
    this.restarted(name, nowMs - (this.#away.get(name)?.atMs ?? nowMs));
    this.#away.clear();
  }

  /** A breach is put down to the kill that came last before it. */
  breach({ fault, count, atMs }: Breach): void {
    this.#change(this.#kills.findLast((kill) => kill.atMs <= atMs)?.kind, (row) => (row.faults[fault] += count));
  }

  /** A turn that came to no end is put down to the kill that is nearest to its last frame. */
  unfinished(lastMs: number): void {
    const distance = (kill: Kill): number => Math.abs(kill.atMs - lastMs);
    const nearest = this.#kills.reduce<Kill | undefined>((best, kill) => (best !== undefined && distance(best) <= distance(kill) ? best : kill), undefined);
    this.#change(nearest?.kind, (row) => (row.unfinished += 1));
  }

  #change(kind: string | undefined, change: (row: KindRow) => void): void {
    const row = kind === undefined ? undefined : this.#rows.get(kind);
    if (row !== undefined) change(row);
  }
}

function emptyRow(victim: Victim): KindRow {
  return { victim, kills: 0, recoveriesMs: [], faults: { lost: 0, repeated: 0, 'two-ends': 0, 'wrong-text': 0, 'out-of-order': 0 }, unfinished: 0 };
}
