import type { Config, Setting } from './schema.ts';
import { SETTINGS } from './schema.ts';

export interface ShownSettings {
  /** By their names here, secrets replaced. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The values of those that are secret, for whoever must not show them. */
  readonly secrets: readonly string[];
}

/** The settings as they may be shown. */
export function shownSettings(config: Config): ShownSettings {
  const values: Readonly<Record<string, unknown>> = config;
  const settings: Record<string, unknown> = {};
  const secrets: string[] = [];
  for (const [key, setting] of Object.entries<Setting>(SETTINGS)) {
    const value = values[key];
    const texts = setting.isSecret === true ? [value].flat().map(String).filter((text) => text !== '') : [];
    secrets.push(...texts);
    settings[key] = texts.length > 0 ? '[secret]' : value;
  }
  return { settings, secrets };
}
