import type { Command, Option } from './command.ts';

const EXIT_CODES = [
  'Exit codes: 0 done · 1 failed · 2 wrong command line · 3 (ask) the documents do not answer · 78 wrong settings · 130 interrupted.',
];

/** The help of `banyan` itself. */
export function overview(commands: Readonly<Record<string, { readonly summary: string }>>): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    'Usage: banyan <command> [options]',
    '',
    ...table(rows),
    '',
    'banyan <command> --help tells the options of a command; banyan --version the version.',
    'The service is found by the settings (BANYAN_HOST, BANYAN_PORT, banyan.yaml) or by --url.',
    ...EXIT_CODES,
  ].join('\n');
}

/** The help of one command. */
export function commandHelp({ usage, doc, options }: Command): string {
  const rows = Object.entries(options).map(([name, option]) => [optionName(name, option), option.doc] as const);
  return [`Usage: banyan ${usage}`, '', doc, '', ...table([...rows, ['--help', 'this text']])].join('\n');
}

function optionName(name: string, { value }: Option): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}
