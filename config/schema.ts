/**
 * Every setting of the service, and nothing else is a setting. `config/load.ts` checks by it, `config/settings-table.ts`
 * prints it. Three names, one rule: BANYAN_RATE_LIMIT in the environment, `rate_limit` in the settings file, `rateLimit` here.
 */
export const SETTINGS = {
  host: {
    env: 'BANYAN_HOST',
    aliases: [{ env: 'SERVER_HOST' }],
    type: 'string',
    default: '127.0.0.1',
    tier: 'primary',
    doc: 'Address to listen on. `0.0.0.0` listens on every interface.',
  },
  port: {
    env: 'BANYAN_PORT',
    aliases: [{ env: 'SERVER_PORT' }],
    type: 'integer',
    min: 0,
    max: 65_535,
    default: 4000,
    tier: 'primary',
    doc: 'Port of REST, WebSocket and pages. 0 takes any free port; the log says which.',
  },
  dataDir: {
    env: 'BANYAN_DATA_DIR',
    type: 'path',
    default: './data',
    tier: 'primary',
    doc: 'Folder of documents, indexes and conversations. One process at a time.',
  },
  logLevel: {
    env: 'BANYAN_LOG_LEVEL',
    type: 'enum',
    values: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    tier: 'primary',
    doc: 'Least important level that is logged.',
  },
  seedOnFirstRun: {
    env: 'BANYAN_SEED_ON_FIRST_RUN',
    type: 'boolean',
    default: true,
    tier: 'primary',
    doc: "Whether an empty store is filled with Banyan's own guides.",
  },
  rateLimit: {
    env: 'BANYAN_RATE_LIMIT',
    type: 'integer',
    min: 0,
    max: 1_000_000,
    default: 100,
    unit: 'per minute',
    tier: 'service',
    doc: 'Questions that one client may ask in any 60 s. 0 is no limit.',
  },
  topK: {
    env: 'BANYAN_TOP_K',
    type: 'integer',
    min: 1,
    max: 50,
    default: 5,
    tier: 'service',
    doc: 'Sources given to the model when the question does not say.',
  },
  extractiveRate: {
    env: 'BANYAN_EXTRACTIVE_RATE',
    type: 'number',
    min: 0,
    max: 10_000,
    default: 0,
    unit: 'words/s',
    tier: 'service',
    doc: 'Pace of the extractive answer. 0 sends it at once.',
  },
  cacheTtlMs: {
    env: 'BANYAN_CACHE_TTL_MS',
    aliases: [{ env: 'CACHE_TTL_SECONDS', factor: 1000 }],
    type: 'integer',
    min: 0,
    max: 604_800_000,
    default: 3_600_000,
    unit: 'ms',
    tier: 'service',
    doc: 'Life of a cached answer. 0 caches nothing.',
  },
  cacheMaxBytes: {
    env: 'BANYAN_CACHE_MAX_BYTES',
    type: 'integer',
    min: 65_536,
    max: 8_589_934_592,
    default: 67_108_864,
    unit: 'bytes',
    tier: 'service',
    doc: 'Memory for cached answers; the least recently used leave first.',
  },
  turnTimeoutMs: {
    env: 'BANYAN_TURN_TIMEOUT_MS',
    aliases: [{ env: 'REQUEST_TIMEOUT_SECONDS', factor: 1000 }],
    type: 'integer',
    min: 100,
    max: 3_600_000,
    default: 30_000,
    unit: 'ms',
    tier: 'service',
    doc: 'Time from the beginning of the work on a question, after those before it in its session, to the end of its answer.',
  },
  drainTimeoutMs: {
    env: 'BANYAN_DRAIN_TIMEOUT_MS',
    type: 'integer',
    min: 0,
    max: 600_000,
    default: 8000,
    unit: 'ms',
    tier: 'service',
    doc: 'Time that running answers get at shutdown. Keep it below the grace period of whatever stops the process.',
  },
  lockWaitMs: {
    env: 'BANYAN_LOCK_WAIT_MS',
    type: 'integer',
    min: 0,
    max: 600_000,
    default: 0,
    unit: 'ms',
    tier: 'service',
    doc: 'How long to wait for the data folder and the port while another process leaves. 0 gives up at once.',
  },
  maxConnections: {
    env: 'BANYAN_MAX_CONNECTIONS',
    aliases: [{ env: 'MAX_CONNECTIONS' }],
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 10_000,
    tier: 'service',
    doc: 'Sockets open at the same time; the next one is refused.',
  },
  maxConcurrentQueries: {
    env: 'BANYAN_MAX_CONCURRENT_QUERIES',
    type: 'integer',
    min: 1,
    max: 100_000,
    default: 256,
    tier: 'service',
    doc: 'Questions worked on at the same time; further ones are refused with `OVERLOADED`.',
  },
  maxBodyBytes: {
    env: 'BANYAN_MAX_BODY_BYTES',
    type: 'integer',
    min: 1024,
    max: 1_073_741_824,
    default: 33_554_432,
    unit: 'bytes',
    tier: 'service',
    doc: 'Largest body of a request.',
  },
  maxDocumentBytes: {
    env: 'BANYAN_MAX_DOCUMENT_BYTES',
    type: 'integer',
    min: 1024,
    max: 536_870_912,
    default: 10_485_760,
    unit: 'bytes',
    tier: 'service',
    doc: "Largest text of a document, counted in UTF-8. A body's limit covers all of its documents.",
  },
  maxQuestionCharacters: {
    env: 'BANYAN_MAX_QUESTION_CHARACTERS',
    type: 'integer',
    min: 1,
    max: 1_000_000,
    default: 32_000,
    unit: 'characters',
    tier: 'service',
    doc: 'Longest question, in UTF-16 units.',
  },
  sessionQueueLength: {
    env: 'BANYAN_SESSION_QUEUE_LENGTH',
    type: 'integer',
    min: 0,
    max: 1000,
    default: 8,
    tier: 'tuning',
    doc: 'Questions of a session that wait behind the running one; the next is refused with `OVERLOADED`.',
  },
  sessionIdleMs: {
    env: 'BANYAN_SESSION_IDLE_MS',
    type: 'integer',
    min: 1000,
    max: 86_400_000,
    default: 300_000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'A session without a client and without work is parked after this time; its history stays.',
  },
  leaveTimeoutMs: {
    env: 'BANYAN_LEAVE_TIMEOUT_MS',
    type: 'integer',
    min: 0,
    max: 86_400_000,
    default: 60_000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'A running answer is cancelled when its last client has been gone for this time. 0 never cancels.',
  },
  searchTimeoutMs: {
    env: 'BANYAN_SEARCH_TIMEOUT_MS',
    type: 'integer',
    min: 1,
    max: 3_600_000,
    default: 3000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'Time for the search of one question.',
  },
  firstTokenTimeoutMs: {
    env: 'BANYAN_FIRST_TOKEN_TIMEOUT_MS',
    type: 'integer',
    min: 1,
    max: 3_600_000,
    default: 8000,
    unit: 'ms',
    tier: 'tuning',
    doc: "Time until a model's first token.",
  },
  tokenIdleTimeoutMs: {
    env: 'BANYAN_TOKEN_IDLE_TIMEOUT_MS',
    type: 'integer',
    min: 1,
    max: 3_600_000,
    default: 10_000,
    unit: 'ms',
    tier: 'tuning',
    doc: "Longest silence within a model's stream.",
  },
  fuseMelts: {
    env: 'BANYAN_FUSE_MELTS',
    type: 'integer',
    min: 0,
    max: 10_000,
    default: 5,
    tier: 'tuning',
    doc: 'Failures within the window that a fuse bears; the next one blows it.',
  },
  fuseWindowMs: {
    env: 'BANYAN_FUSE_WINDOW_MS',
    type: 'integer',
    min: 1,
    max: 3_600_000,
    default: 10_000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'Window in which failures count together.',
  },
  fuseResetMs: {
    env: 'BANYAN_FUSE_RESET_MS',
    type: 'integer',
    min: 1,
    max: 86_400_000,
    default: 60_000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'Time from a blown fuse to its probe.',
  },
  socketHeartbeatMs: {
    env: 'BANYAN_SOCKET_HEARTBEAT_MS',
    type: 'integer',
    min: 100,
    max: 600_000,
    default: 30_000,
    unit: 'ms',
    tier: 'tuning',
    doc: 'Interval of pings on a WebSocket; one that answers none within it is closed.',
  },
  socketBufferBytes: {
    env: 'BANYAN_SOCKET_BUFFER_BYTES',
    type: 'integer',
    min: 16_384,
    max: 1_073_741_824,
    default: 1_048_576,
    unit: 'bytes',
    tier: 'tuning',
    doc: 'Unsent bytes that a slow client may have waiting before its socket is closed; it can return with `after`.',
  },
  maxFrameBytes: {
    env: 'BANYAN_MAX_FRAME_BYTES',
    type: 'integer',
    min: 1024,
    max: 16_777_216,
    default: 262_144,
    unit: 'bytes',
    tier: 'tuning',
    doc: 'Largest WebSocket frame from a client. An escaped character of a question takes six bytes.',
  },
} as const satisfies Record<string, Setting>;

/** Names the settings file; it is no setting itself, since a file cannot say where it is. */
export const CONFIG_FILE_ENV = 'BANYAN_CONFIG';
export const DEFAULT_CONFIG_FILE = './banyan.yaml';
export const ENV_PREFIX = 'BANYAN_';

/** Who needs to know a setting: everyone must set `required`; `tuning` is for those who measured. */
export type Tier = 'required' | 'primary' | 'service' | 'tuning';

interface SettingBase {
  /** Its name in the environment; `fileKey` gives the one in the settings file. */
  readonly env: string;
  readonly aliases?: readonly Alias[];
  readonly tier: Tier;
  /** For operators: what it does, and what a special value means. Markdown. */
  readonly doc: string;
}

/** Another name in the environment. Its value times `factor` is the setting's: seconds have 1000 where the setting has ms. */
export interface Alias {
  readonly env: string;
  readonly factor?: number;
}

export interface NumericSetting extends SettingBase {
  readonly type: 'integer' | 'number';
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly unit?: string;
}

export interface TextSetting extends SettingBase {
  readonly type: 'string' | 'path';
  readonly default: string;
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

export type Setting = NumericSetting | TextSetting | BooleanSetting | EnumSetting;
export type SettingKey = keyof typeof SETTINGS;

type ValueOf<S extends Setting> = S extends NumericSetting
  ? number
  : S extends BooleanSetting
    ? boolean
    : S extends EnumSetting
      ? S['values'][number]
      : string;

/** All settings, checked, complete and frozen. */
export type Config = { readonly [Key in SettingKey]: ValueOf<(typeof SETTINGS)[Key]> };

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The name of a setting in the settings file: `rate_limit` for BANYAN_RATE_LIMIT. */
export function fileKey(setting: Setting): string {
  return setting.env.slice(ENV_PREFIX.length).toLowerCase();
}
