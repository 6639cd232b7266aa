import { PROVIDER_SETTINGS } from './provider-settings.ts';
import { SERVICE_SETTINGS } from './service-settings.ts';

/**
 * Every setting of the service, and nothing else is a setting. `config/load.ts` checks by it, `config/settings-table.ts`
 * prints it. Three names, one rule: BANYAN_RATE_LIMIT in the environment, `rate_limit` in the settings file, `rateLimit` here.
 */
export const SETTINGS = { ...SERVICE_SETTINGS, ...PROVIDER_SETTINGS } as const satisfies Record<string, Setting>;

/** Names the settings file; it is no setting itself, since a file cannot say where it is. */
export const CONFIG_FILE_ENV = 'BANYAN_CONFIG';
export const DEFAULT_CONFIG_FILE = './banyan.yaml';
export const ENV_PREFIX = 'BANYAN_';

/** Everything that a part of the answer's way can come from. */
export const PROVIDERS = ['extractive', 'gemini', 'vertex', 'bedrock', 'openai', 'pinecone', 'qdrant', 'lexical'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Who needs to know a setting: everyone must set `required`; `tuning` is for those who measured. */
export type Tier = 'required' | 'primary' | 'service' | 'tuning';

interface SettingBase {
  /** Its name in the environment; `fileKey` gives the one in the settings file. */
  readonly env: string;
  readonly aliases?: readonly Alias[];
  readonly tier: Tier;
  /** For operators: what it does, and what a special value means. Markdown. */
  readonly doc: string;
  /** A key or token: its value is never shown. */
  readonly isSecret?: true;
}

/** Another name in the environment. */
export interface Alias {
  readonly env: string;
  /** Its value times this is the setting's: seconds have 1000 where the setting has ms. */
  readonly factor?: number;
  /** The provider of a name that stands without one. */
  readonly provider?: Provider;
}

export interface NumericSetting extends SettingBase {
  readonly type: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit?: string;
}

export interface TextSetting extends SettingBase {
  readonly type: 'string' | 'path' | 'url';
  /** Empty where there is none. */
  readonly default: string;
}

/** One of `words`, or `provider:name`, split at the first colon. */
export interface PartSetting extends SettingBase {
  readonly type: 'part';
  readonly providers: readonly Provider[];
  readonly words: readonly string[];
  readonly default: string;
}

/** Separated by commas. */
export interface ListSetting extends SettingBase {
  readonly type: 'list';
  /** What each item is; any text without white space where absent. */
  readonly providers?: readonly Provider[];
  readonly default: readonly string[];
}

export interface BooleanSetting extends SettingBase {
  readonly type: 'boolean';
  readonly default: boolean;
}

export interface EnumSetting extends SettingBase {
  readonly type: 'enum';
  readonly values: readonly string[];
  readonly default: string;
}

export type Setting = NumericSetting | TextSetting | PartSetting | ListSetting | BooleanSetting | EnumSetting;
export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = S extends NumericSetting
  ? number
  : S extends BooleanSetting
    ? boolean
    : S extends EnumSetting
      ? S['values'][number]
      : S extends ListSetting
        ? readonly string[]
        : string;

/** All settings, checked, complete and frozen. */
export type Config = { readonly [Key in SettingKey]: ValueOf<(typeof SETTINGS)[Key]> };

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The name of a setting in the settings file: `rate_limit` for BANYAN_RATE_LIMIT, `aws_region` for AWS_REGION. */
export function fileKey({ env }: Setting): string {
  return (env.startsWith(ENV_PREFIX) ? env.slice(ENV_PREFIX.length) : env).toLowerCase();
}
