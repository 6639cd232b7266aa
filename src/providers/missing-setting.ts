import { configInvalid } from '#config/fault.ts';

/** CONFIG_INVALID for a part that was switched on and lacks `field`. */
export function missingSetting(field: string, part: string, expected: string): Error {
  const line = `${part} needs ${field}: expected ${expected}`;
  return configInvalid([{ line, detail: { field, expected: `${expected}, for ${part}` } }]);
}
