import { invalid } from './refusals.ts';

export type MetadataValue = string | number | boolean | readonly string[];
export type RecordMetadata = Readonly<Record<string, MetadataValue>>;

/** 40 KB. */
export const MAX_METADATA_BYTES = 40_960;

/** Throws Refusal for what the real service does not store: nulls, nested objects, lists of anything but strings. */
export function checkMetadata(metadata: unknown): RecordMetadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) throw invalid('Metadata must be an object');
  const checked: Record<string, MetadataValue> = {};
  for (const [field, value] of Object.entries(metadata)) {
    if (field.startsWith('$')) throw invalid(`Metadata field name '${field}' may not begin with '$'`);
    if (!isMetadataValue(value)) {
      throw invalid(`Metadata value must be a string, number, boolean or list of strings, got '${JSON.stringify(value).slice(0, 60)}' for field '${field}'`);
    }
    checked[field] = value;
  }
  const bytes = Buffer.byteLength(JSON.stringify(checked));
  if (bytes > MAX_METADATA_BYTES) {
    throw invalid(`Metadata size is ${bytes} bytes, which exceeds the limit of ${MAX_METADATA_BYTES} bytes per vector`);
  }
  return checked;
}

function isMetadataValue(value: unknown): value is MetadataValue {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string');
  return typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
