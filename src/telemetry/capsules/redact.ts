import { censorSecrets } from '../secrets.ts';

const CENSORED = '[secret]';
/** Credentials that no setting holds, by their form: headers, keys and users in an address, access keys of AWS. */
const CREDENTIALS = /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}|\b(?:api[_-]?key|token|password|secret)=[^&\s"']+|(?<=:\/\/)[^\s/?#@"']+(?=@)|\bA[KS]IA[A-Z0-9]{16}\b/gi;
const MAX_DEPTH = 12;

export interface RedactOptions {
  /** Values that must not be shown, wherever they stand. */
  readonly secrets: readonly string[];
  /** Characters of one text. */
  readonly maxText: number;
}

/**
 * `value` as plain data without secrets: by the name of a field, by the values given, by the form of credentials. Longer
 * texts are cut, deeper parts left out.
 */
export function redact(value: unknown, { secrets, maxText }: RedactOptions): unknown {
  // The longest first: one secret may begin with another.
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  const hidden = [...new Set(forms)].filter((form) => form !== '').toSorted((a, b) => b.length - a.length);
  return redactValue(value, { hidden, maxText }, MAX_DEPTH);
}

interface Rules {
  readonly hidden: readonly string[];
  readonly maxText: number;
}

function redactValue(value: unknown, rules: Rules, depth: number): unknown {
  if (typeof value === 'string') return redactText(value, rules);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[…]';
  if (Array.isArray(value)) return value.map((item) => redactValue(item, rules, depth - 1));
  const shown = censorSecrets(value);
  return Object.fromEntries(Object.entries(shown).map(([name, field]) => [redactText(name, rules), redactValue(field, rules, depth - 1)]));
}

/** Hidden first and cut then: half a secret would not be found. */
function redactText(text: string, { hidden, maxText }: Rules): string {
  const known = hidden.reduce((rest, secret) => rest.replaceAll(secret, CENSORED), text);
  const shown = known.replace(CREDENTIALS, CENSORED);
  return shown.length <= maxText ? shown : `${shown.slice(0, maxText).toWellFormed()}…`;
}
