import { describe, expect, test } from 'vitest';
import { parseValue } from '#config/parse-value.ts';
import type { Setting } from '#config/schema.ts';
import { fileKey, SETTINGS } from '#config/schema.ts';

const settings: readonly (readonly [string, Setting])[] = Object.entries(SETTINGS);

describe('SETTINGS', () => {
  test('are fewer than 40', () => {
    expect(settings.length).toBeLessThan(40);
  });

  test.for(settings)('%s has one name in three spellings', ([key, setting]) => {
    expect(setting.env).toMatch(/^BANYAN_[A-Z]+(_[A-Z]+)*$/);
    expect(fileKey(setting).replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())).toBe(key);
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
