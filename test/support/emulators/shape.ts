import { Type } from 'typebox';
import type { TObject, TProperties } from 'typebox';

/** An object that may hold nothing but these fields. */
export function strict<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: false });
}
