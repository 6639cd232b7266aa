import { describeExpected } from './parse-value.ts';
import type { Setting, Tier } from './schema.ts';
import { SETTINGS } from './schema.ts';

const TIERS: readonly Tier[] = ['required', 'primary', 'service', 'tuning'];

/** The settings as a Markdown table, in the order of their tiers. */
export function renderSettingsTable(): string {
  const settings: readonly Setting[] = Object.values(SETTINGS);
  const rows = TIERS.flatMap((tier) => settings.filter((setting) => setting.tier === tier)).map(renderRow);
  return ['| Setting | Default | Values | Tier | What it does |', '|---|---|---|---|---|', ...rows].join('\n');
}

function renderRow(setting: Setting): string {
  const cells = [`\`${setting.env}\``, shownDefault(setting), describeExpected(setting), setting.tier, setting.doc + alsoRead(setting)];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

function shownDefault({ default: value }: Setting): string {
  const text = Array.isArray(value) ? value.join(',') : String(value);
  return text === '' ? '' : `\`${text}\``;
}

function alsoRead(setting: Setting): string {
  const names = (setting.aliases ?? []).map(({ env, factor }) => `\`${env}\`${factor === 1000 ? ' (seconds)' : ''}`);
  return names.length === 0 ? '' : ` Also read from ${names.join(', ')}.`;
}
