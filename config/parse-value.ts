import type { Provider, Setting } from './schema.ts';
import { PROVIDERS } from './schema.ts';

export type Value = string | number | boolean | readonly string[];
export type Parsed = { readonly ok: true; readonly value: Value } | { readonly ok: false };

const REFUSED: Parsed = { ok: false };
const DECIMAL = /^-?\d+(\.\d+)?$/;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** How a name of a setting is to be read: see `Alias`. */
export interface Reading {
  readonly factor?: number;
  readonly provider?: Provider;
}

/** The value that `text` stands for. Nothing is trimmed or guessed. */
export function parseValue(setting: Setting, text: string, { factor = 1, provider }: Reading = {}): Parsed {
  if (text === '' && setting.default.toString() === '') return { ok: true, value: setting.default };
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
    case 'url':
      return isHttpUrl(text) ? { ok: true, value: text } : REFUSED;
    case 'part': {
      const part = setting.words.includes(text) ? text : withProvider(text, provider);
      return setting.words.includes(part) || isPart(part, setting.providers) ? { ok: true, value: part } : REFUSED;
    }
    case 'list': {
      const items = text.split(',').map((item) => withProvider(item, provider));
      const isItem = (item: string): boolean => (setting.providers === undefined ? PLAIN.test(item) : isPart(item, setting.providers));
      return items.every(isItem) && new Set(items).size === items.length ? { ok: true, value: items } : REFUSED;
    }
  }
}

const PLAIN = /^[^\s\0,]+$/;

/** The provider and the name of a part, split at the first colon: `bedrock`, `amazon.titan-embed-text-v2:0`. */
export function splitPart(part: string): { readonly provider: string; readonly name: string } {
  const colon = part.indexOf(':');
  return { provider: part.slice(0, colon), name: part.slice(colon + 1) };
}

function isPart(text: string, providers: readonly Provider[]): boolean {
  const { provider, name } = splitPart(text);
  return PLAIN.test(name) && (providers as readonly string[]).includes(provider);
}

function withProvider(text: string, provider: Provider | undefined): string {
  if (provider === undefined || (PROVIDERS as readonly string[]).includes(splitPart(text).provider)) return text;
  return `${provider}:${text}`;
}

function isHttpUrl(text: string): boolean {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  return protocol === 'http:' || protocol === 'https:';
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
    case 'url':
      return 'an http or https address';
    case 'part':
      return [...setting.words, ...setting.providers.map((provider) => `${provider}:<name>`)].join(' or ');
    case 'list':
      return setting.providers === undefined
        ? 'texts without white space, each once, separated by commas'
        : `${setting.providers.map((provider) => `${provider}:<model>`).join(', ')}, each once, separated by commas`;
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
