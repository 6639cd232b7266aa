/** Figures by key; the key ends with the unit. */
export type Figures = Readonly<Record<string, number>>;

/** The bound of a figure: it must be at most `max`, or at least `min`. */
export type Target = { readonly max: number } | { readonly min: number };
export type Targets = Readonly<Record<string, Target>>;

export interface Measured {
  readonly figures: Figures;
  /** What a reader must know beside the figures: the corpus, what was left out. */
  readonly notes?: readonly string[];
}

/** One benchmark: a folder with a module of its name that exports this as `benchmark`. */
export interface Benchmark {
  readonly targets: Targets;
  measure(options: { readonly isQuick: boolean }): Promise<Measured>;
}

/** What `--json` prints. */
export interface Result {
  readonly name: string;
  readonly figures: Figures;
  readonly targets: Targets;
  /** Whether every target was measured and reached. */
  readonly pass: boolean;
}

const SIGNIFICANT_DIGITS = 4;

export function toResult(name: string, { figures }: Measured, targets: Targets): Result {
  const rounded = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)]));
  const pass = Object.entries(targets).every(([key, target]) => isReached(rounded[key], target));
  return { name, figures: rounded, targets, pass };
}

/** A figure that was not measured reaches nothing. */
export function isReached(value: number | undefined, target: Target): boolean {
  if (value === undefined || !Number.isFinite(value)) return false;
  return 'max' in target ? value <= target.max : value >= target.min;
}

function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/** The figures as a table to read: those with a target first. */
export function renderTable({ figures, targets }: Result): string {
  const keys = [...Object.keys(targets), ...Object.keys(figures).filter((key) => targets[key] === undefined)];
  const rows = keys.map((key) => renderRow(key, figures[key], targets[key]));
  const all = [['figure', 'value', 'target', 'ok'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

function renderRow(key: string, value: number | undefined, target: Target | undefined): string[] {
  const shown = value === undefined ? 'not measured' : String(value);
  if (target === undefined) return [key, shown, '', ''];
  const bound = 'max' in target ? `<= ${target.max}` : `>= ${target.min}`;
  return [key, shown, bound, isReached(value, target) ? 'yes' : 'NO'];
}
