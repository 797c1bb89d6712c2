import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { USAGE_FIELDS, type Usage, validUsage } from '../../src/usage/usage.js';

const honest: Usage = {
  inputTokens: 100,
  outputTokens: 50,
  cacheReadInputTokens: 30,
  cacheWriteInputTokens: 40,
  cacheWrite1hInputTokens: 30,
  audioInputTokens: 60,
  imageInputTokens: 40,
  reasoningOutputTokens: 50,
  audioOutputTokens: 0,
  imageOutputTokens: 50,
  acceptedPredictionOutputTokens: 20,
  rejectedPredictionOutputTokens: 30,
  webSearchRequests: 1000,
  fileSearchRequests: 1000,
  codeSessions: 64,
  images: 10,
  audioSeconds: 86_400,
};

test('honest usage comes back as it is', () => {
  expect(validUsage(honest)).toBe(honest);
  expect(validUsage({ inputTokens: 0, outputTokens: 0 })).toEqual({ inputTokens: 0, outputTokens: 0 });
  expect(validUsage(undefined)).toBeUndefined();
});

test.each(USAGE_FIELDS)('%s must be a whole number from 0 to 2^53−1', (field) => {
  for (const count of [Number.NaN, -1, 1.5, '20', null, true, Number.POSITIVE_INFINITY, 1e308, 2 ** 53]) {
    expect(validUsage({ ...honest, [field]: count } as Usage)).toBeUndefined();
  }
});

describe('parts cannot exceed their totals', () => {
  test.each([
    { cacheReadInputTokens: 31 },
    { audioInputTokens: 61 },
    { imageInputTokens: 41 },
    { imageOutputTokens: 51 },
    { acceptedPredictionOutputTokens: 21 },
    { reasoningOutputTokens: 51 },
    { audioOutputTokens: 1 },
  ])('%j', (part) => {
    expect(validUsage({ ...honest, ...part })).toBeUndefined();
  });

  test('nor can the two totals together exceed what a number holds', () => {
    expect(validUsage({ inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: 1 })).toBeUndefined();
  });
});

test('usage without a total is invalid', () => {
  expect(validUsage({ inputTokens: 1 } as Usage)).toBeUndefined();
  expect(validUsage({ outputTokens: 1 } as Usage)).toBeUndefined();
});

test('what comes back can always be added up', () => {
  const count = fc.oneof(fc.double(), fc.maxSafeNat());
  fc.assert(
    fc.property(fc.record({ inputTokens: count, outputTokens: count, cacheReadInputTokens: count }), (usage) => {
      const valid = validUsage(usage);
      if (valid) expect(Number.isSafeInteger(valid.inputTokens + valid.outputTokens)).toBe(true);
    }),
  );
});
