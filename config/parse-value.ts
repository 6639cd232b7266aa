import type { Setting } from './schema.ts';

export type Parsed = { readonly ok: true; readonly value: string | number | boolean } | { readonly ok: false };

const REFUSED: Parsed = { ok: false };
const DECIMAL = /^-?\d+(\.\d+)?$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** The value that `text` stands for. Nothing is trimmed or guessed. `factor` turns an alias' unit into the setting's. */
export function parseValue(setting: Setting, text: string, factor = 1): Parsed {
  switch (setting.type) {
    case 'integer':
    case 'number': {
      const value = DECIMAL.test(text) ? scaled(Number(text), factor) : Number.NaN;
      if (setting.type === 'integer' && !Number.isSafeInteger(value)) return REFUSED;
      return value >= setting.min && value <= setting.max ? { ok: true, value } : REFUSED;
    }
    case 'boolean': {
      const value = BOOLEANS.get(text);
      return value === undefined ? REFUSED : { ok: true, value };
    }
    case 'enum':
      return setting.values.includes(text) ? { ok: true, value: text } : REFUSED;
    case 'string':
      return text !== '' && !/[\s\0]/.test(text) ? { ok: true, value: text } : REFUSED;
    case 'path':
      return text.trim() !== '' && !text.includes('\0') ? { ok: true, value: text } : REFUSED;
  }
}

/** What `parseValue` accepts, in words that follow "expected … to be". */
export function describeExpected(setting: Setting, factor = 1): string {
  switch (setting.type) {
    case 'integer':
    case 'number': {
      const noun = setting.type === 'integer' && factor === 1 ? 'an integer' : 'a number';
      return `${noun} from ${setting.min / factor} to ${setting.max / factor}${unitOf(setting.unit, factor)}`;
    }
    case 'boolean':
      return 'true or false';
    case 'enum':
      return `one of ${setting.values.join(', ')}`;
    case 'string':
      return 'a text without white space';
    case 'path':
      return 'a path';
  }
}

/** 1.1 s is 1100 ms, not 1100.0000000000002. */
function scaled(value: number, factor: number): number {
  return factor === 1 ? value : Math.round(value * factor);
}

function unitOf(unit: string | undefined, factor: number): string {
  if (unit === undefined) return '';
  return ` ${unit === 'ms' && factor === 1000 ? 'seconds' : unit}`;
}
