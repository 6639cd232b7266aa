import { describe, expect, test } from 'vitest';
import { CAUTIOUS_PROFILE, costOf, MODEL_TABLE, modelProfile, outputBudget } from '#config/model-table.ts';

describe('a model profile', () => {
  test('is the cautious one where nothing is known', () => {
    for (const id of ['openai:my-own-model', 'gemini:other', 'nonsense', '', 'bedrock:cohere.command-r-v1:0']) {
      expect(modelProfile(id)).toBe(CAUTIOUS_PROFILE);
    }
  });

  test('is found by the longest beginning of the id', () => {
    expect(modelProfile('openai:gpt-4o-mini-2024-07-18')).toBe(MODEL_TABLE['openai:gpt-4o-mini']);
    expect(modelProfile('openai:gpt-4o-2024-11-20')).toBe(MODEL_TABLE['openai:gpt-4o']);
    expect(modelProfile('gemini:gemini-2.5-flash-lite')).toBe(MODEL_TABLE['gemini:gemini-2.5-flash-lite']);
    expect(modelProfile('gemini:gemini-4-ultra')).toBe(MODEL_TABLE['gemini:gemini-']);
  });

  test('does not depend on region, ARN, owner or letter case', () => {
    const claude = MODEL_TABLE['bedrock:anthropic.claude-haiku-4-5'];
    const name = 'anthropic.claude-haiku-4-5-20251001-v1:0';
    for (const id of [name, `us.${name}`, `eu.${name}`, `global.${name}`, `arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.${name}`, `arn:aws:bedrock:us-east-1::foundation-model/${name}`]) {
      expect(modelProfile(`bedrock:${id}`)).toBe(claude);
    }
    expect(modelProfile('openai:Qwen/Qwen3-8B')).toBe(MODEL_TABLE['openai:qwen3']);
    expect(modelProfile('openai:qwen3:8b')).toBe(MODEL_TABLE['openai:qwen3']);
  });

  test.each([
    ['bedrock:us.anthropic.claude-3-7-sonnet-20250219-v1:0', true],
    ['bedrock:us.anthropic.claude-sonnet-4-20250514-v1:0', true],
    ['bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0', true],
    ['bedrock:us.anthropic.claude-opus-4-5-20251101-v1:0', true],
    ['bedrock:amazon.nova-lite-v1:0', true],
    ['bedrock:us.anthropic.claude-opus-4-6-v1', false],
    ['bedrock:us.anthropic.claude-sonnet-4-6', false],
    ['bedrock:us.anthropic.claude-opus-4-7', false],
    ['bedrock:us.anthropic.claude-sonnet-5-20260601-v1:0', false],
    ['bedrock:us.amazon.nova-2-lite-v1:0', false],
    ['gemini:gemini-3.8-flash', false],
    ['gemini:gemini-2.5-flash', false],
    ['openai:gpt-4o', false],
  ])('says whether %s takes a prefill: %s', (id, prefill) => {
    expect(modelProfile(id).prefill).toBe(prefill);
  });

  test('has limits that an answer and its thinking fit into', () => {
    const cramped = Object.entries(MODEL_TABLE).filter(([, { contextTokens, maxOutputTokens, thinking }]) => {
      const reserve = thinking === 'none' ? 0 : thinking.reserveTokens;
      return maxOutputTokens > contextTokens || reserve >= maxOutputTokens;
    });
    expect(cramped).toEqual([]);
  });
});

describe('the output that is asked for', () => {
  test('is the answer and the thinking, within the limit of the model', () => {
    expect(outputBudget(modelProfile('gemini:gemini-3.8-flash'), 500)).toBe(4596);
    expect(outputBudget(modelProfile('openai:gpt-4o'), 500)).toBe(500);
    expect(outputBudget(modelProfile('openai:gpt-4o'), 50_000)).toBe(16_384);
    expect(outputBudget(modelProfile('gemini:gemini-3.8-flash'), undefined)).toBeUndefined();
  });
});

describe('a cost', () => {
  test('is that of input and output together, and unknown without a price', () => {
    const usage = { input_tokens: 1_000_000, output_tokens: 100_000 };
    expect(costOf(modelProfile('gemini:gemini-2.5-flash'), usage)).toBeCloseTo(0.55);
    expect(costOf(modelProfile('extractive:quotes'), usage)).toBe(0);
    expect(costOf(modelProfile('openai:my-own-model'), usage)).toBeUndefined();
  });
});
