import { readFile } from 'node:fs/promises';
import { configInvalid, wrongValue } from './fault.ts';
import type { Environment } from './schema.ts';
import { CONFIG_FILE_ENV, DEFAULT_CONFIG_FILE } from './schema.ts';

/** A settings file that was read: its keys and values, not yet checked against the schema. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The file that BANYAN_CONFIG names, or `./banyan.yaml` where there is one; undefined where there is none.
 * Rejects with `CONFIG_INVALID` when the named file is missing or unreadable, or holds no YAML mapping.
 */
export async function readConfigFile(env: Environment): Promise<ConfigFile | undefined> {
  const named = env[CONFIG_FILE_ENV];
  const path = named ?? DEFAULT_CONFIG_FILE;
  const text = await readText(path, named !== undefined);
  return text === undefined ? undefined : { path, values: await parseMapping(path, text) };
}

async function readText(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    if (reason === 'ENOENT' && !isNamed) return undefined;
    throw configInvalid([wrongValue(`settings file ${path}`, 'a readable file', reason)], error);
  }
}

async function parseMapping(path: string, text: string): Promise<ConfigFile['values']> {
  const values = (await parseYaml(path, text)) ?? {};
  if (typeof values === 'object' && !Array.isArray(values)) return values as ConfigFile['values'];
  throw configInvalid([wrongValue(`settings file ${path}`, '`key: value` lines', JSON.stringify(values))]);
}

/** The parser is loaded only where there is a file: it costs 30 ms and 10 MB. */
async function parseYaml(path: string, text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    const [reason = ''] = String(error).split('\n', 1);
    throw configInvalid([wrongValue(`settings file ${path}`, 'YAML', reason)], error);
  }
}
