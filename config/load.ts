import type { ConfigFile } from './config-file.ts';
import { closest } from './edit-distance.ts';
import type { Fault } from './fault.ts';
import { configInvalid, wrongValue } from './fault.ts';
import { describeExpected, parseValue } from './parse-value.ts';
import type { Reading, Value } from './parse-value.ts';
import type { Alias, Config, Environment, Setting } from './schema.ts';
import { CONFIG_FILE_ENV, ENV_PREFIX, fileKey, SETTINGS } from './schema.ts';


/** A value as somebody gave it; `text` is undefined when it was not a single value. */
interface Given {
  readonly name: string;
  readonly text: string | undefined;
  readonly shown: string;
  readonly reading: Reading;
}

const settings: readonly (readonly [string, Setting])[] = Object.entries(SETTINGS);

/**
 * The settings: the environment over the file over the defaults. Reads nothing but its arguments.
 * Throws `CONFIG_INVALID` with every fault in `details` and one line for each in the message.
 */
export function loadConfig(env: Environment, { file }: { file?: ConfigFile | undefined } = {}): Config {
  const faults: Fault[] = [...unknownNames(env), ...unknownFileKeys(file)];
  const config: Record<string, Value> = {};
  for (const [key, setting] of settings) {
    const fromEnv = agree(setting, givenByEnv(setting, env), faults);
    const fromFile = agree(setting, givenByFile(setting, file), faults);
    config[key] = fromEnv ?? fromFile ?? setting.default;
  }
  if (faults.length > 0) throw configInvalid(faults);
  return Object.freeze(config) as Config;
}

function givenByEnv(setting: Setting, env: Environment): Given[] {
  const names: readonly Alias[] = [{ env: setting.env }, ...(setting.aliases ?? [])];
  return names.flatMap(({ env: name, ...reading }) => {
    const text = env[name];
    return text === undefined || isUnset(setting, text) ? [] : [{ name, text, shown: shownAs(setting, text), reading }];
  });
}

function givenByFile(setting: Setting, file: ConfigFile | undefined): Given[] {
  const key = fileKey(setting);
  if (file === undefined || !Object.hasOwn(file.values, key)) return [];
  const value = file.values[key];
  if (value === '' && isUnset(setting, value)) return [];
  const isSingle = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return [{ name: `${key} in ${file.path}`, text: isSingle ? String(value) : listText(setting, value), shown: shownAs(setting, value), reading: {} }];
}

/** The value that all names of a setting give; faults where one is no value or two differ. */
function agree(setting: Setting, given: readonly Given[], faults: Fault[]): Value | undefined {
  let first: { readonly name: string; readonly value: Value } | undefined;
  for (const { name, text, shown, reading } of given) {
    const parsed = text === undefined ? undefined : parseValue(setting, text, reading);
    if (parsed?.ok !== true) faults.push(wrongValue(name, describeExpected(setting, reading.factor), shown));
    else if (first === undefined) first = { name, value: parsed.value };
    else if (String(first.value) !== String(parsed.value)) faults.push(wrongValue(name, `the same as ${first.name}, which it is another name of`, shown));
  }
  return first?.value;
}

/** Vendors' tools take an empty value for none; ours is a mistake. */
function isUnset({ env }: Setting, text: string): boolean {
  return text === '' && !env.startsWith(ENV_PREFIX);
}

function shownAs({ isSecret }: Setting, value: unknown): string {
  return isSecret === true ? '[secret]' : JSON.stringify(value);
}

/** A list of the settings file may be one there, too. */
function listText({ type }: Setting, value: unknown): string | undefined {
  return type === 'list' && Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(',') : undefined;
}

function unknownNames(env: Environment): Fault[] {
  const known = [CONFIG_FILE_ENV, ...settings.map(([, setting]) => setting.env)];
  const unknown = Object.keys(env).filter((name) => name.startsWith(ENV_PREFIX) && env[name] !== undefined && !known.includes(name));
  const candidates = known.map(withoutPrefix);
  return unknown.map((name) => unknownName(name, closest(withoutPrefix(name), candidates), ENV_PREFIX));
}

function unknownFileKeys(file: ConfigFile | undefined): Fault[] {
  if (file === undefined) return [];
  const known = settings.map(([, setting]) => fileKey(setting));
  const unknown = Object.keys(file.values).filter((key) => !known.includes(key));
  return unknown.map((key) => unknownName(`${key} in ${file.path}`, closest(withoutPrefix(key), known), ''));
}

/** Shows no value: an unknown name may well be a misspelt secret. */
function unknownName(field: string, suggestion: string | undefined, prefix: string): Fault {
  const hint = suggestion === undefined ? '' : `, did you mean ${prefix}${suggestion}?`;
  return { line: `unknown setting ${field}${hint}`, detail: { field, expected: `the name of a setting${hint}` } };
}

function withoutPrefix(name: string): string {
  return name.toUpperCase().startsWith(ENV_PREFIX) ? name.slice(ENV_PREFIX.length) : name;
}
