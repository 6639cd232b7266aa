import { describe, expect, test } from 'vitest';
import { parseValue } from '#config/parse-value.ts';
import type { Setting } from '#config/schema.ts';
import { ENV_PREFIX, fileKey, SETTINGS } from '#config/schema.ts';

const settings: readonly (readonly [string, Setting])[] = Object.entries(SETTINGS);

const ours = settings.filter(([, { env }]) => env.startsWith(ENV_PREFIX));
const vendors = settings.filter(([, { env }]) => !env.startsWith(ENV_PREFIX));

describe('SETTINGS', () => {
  test('of our own are fewer than 50', () => {
    expect(ours.length).toBeLessThan(50);
  });

  test.for(ours)('%s has one name in three spellings', ([key, setting]) => {
    expect(setting.env).toMatch(/^BANYAN_[A-Z]+(_[A-Z]+)*$/);
    expect(fileKey(setting).replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())).toBe(key);
  });

  test.for(vendors)('%s keeps the name that its vendor gave it, in the file in small letters', ([, setting]) => {
    expect(setting.env).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(fileKey(setting)).toBe(setting.env.toLowerCase());
  });

  test('every key and token is marked as a secret', () => {
    const named = settings.filter(([, { env }]) => /KEY|TOKEN_BEDROCK/.test(env)).map(([key]) => key);
    expect(settings.filter(([, setting]) => setting.isSecret === true).map(([key]) => key)).toEqual(named);
  });

  test.for(settings)('%s accepts its own default', ([, setting]) => {
    expect(parseValue(setting, String(setting.default))).toEqual({ ok: true, value: setting.default });
  });

  test.for(settings)('%s is explained, and its name ends in its unit', ([key, setting]) => {
    expect(setting.doc).toMatch(/^[A-Z`].+\.$/);
    const unit = 'unit' in setting ? setting.unit : undefined;
    expect(key.endsWith('Ms')).toBe(unit === 'ms');
    expect(key.endsWith('Bytes')).toBe(unit === 'bytes');
  });

  test('no name is used twice', () => {
    const names = settings.flatMap(([, setting]) => [setting.env, ...(setting.aliases ?? []).map((alias) => alias.env)]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('the largest default question fits a frame and a body', () => {
    expect(SETTINGS.maxFrameBytes.default).toBeGreaterThan(SETTINGS.maxQuestionCharacters.default * 6);
    expect(SETTINGS.maxBodyBytes.default).toBeGreaterThan(SETTINGS.maxDocumentBytes.default * 2);
  });
});
