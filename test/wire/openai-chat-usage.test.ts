import { describe, expect, test } from 'vitest';
import { costOf } from '../../src/pricing/cost.js';
import { validUsage } from '../../src/usage/usage.js';
import { openaiChat } from '../../src/wire/openai-chat.js';

const read = (usage: unknown, extra: object = {}) =>
  openaiChat.readResponse({ model: 'gpt-4o-2024-08-06', usage, ...extra });

test('a whole answer', () => {
  expect(
    read(
      {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 60, cache_write_tokens: 10, audio_tokens: 5, image_tokens: 7 },
        completion_tokens_details: {
          ...{ reasoning_tokens: 20, audio_tokens: 3, image_tokens: 2 },
          ...{ accepted_prediction_tokens: 6, rejected_prediction_tokens: 4 },
        },
      },
      { service_tier: 'priority' },
    ),
  ).toEqual({
    servedModel: 'gpt-4o-2024-08-06',
    serviceTier: 'priority',
    usage: {
      inputTokens: 100,
      outputTokens: 50,
      cacheReadInputTokens: 60,
      cacheWriteInputTokens: 10,
      audioInputTokens: 5,
      imageInputTokens: 7,
      reasoningOutputTokens: 20,
      audioOutputTokens: 3,
      imageOutputTokens: 2,
      acceptedPredictionOutputTokens: 6,
      rejectedPredictionOutputTokens: 4,
    },
  });
});

test('predictions are part of the output: they are counted once, at its rate', () => {
  const usage = (details: object) => read({ ...counts, completion_tokens_details: details }).usage;
  const counts = { prompt_tokens: 10, completion_tokens: 50, total_tokens: 60 };
  const price = { model: 'm', provider: 'p', input: 2, output: 1000, source: 's', asOf: '2026-01-01' };
  const predicted = usage({ accepted_prediction_tokens: 30, rejected_prediction_tokens: 15 });
  expect(predicted).toMatchObject({ outputTokens: 50, acceptedPredictionOutputTokens: 30 });
  expect(costOf(predicted!, price).items).toEqual([
    { kind: 'input', quantity: 10, ratePicoUsd: 2, costPicoUsd: 20 },
    { kind: 'output', quantity: 50, ratePicoUsd: 1000, costPicoUsd: 50_000 },
  ]);
  expect(usage({ accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 })).toEqual({
    inputTokens: 10,
    outputTokens: 50,
  });
  expect(validUsage(usage({ accepted_prediction_tokens: 30, rejected_prediction_tokens: 21 }))).toBeUndefined();
  expect(validUsage(usage({ accepted_prediction_tokens: 'all' }))).toBeUndefined();
});

test.each([
  [{ prompt_tokens: 12, completion_tokens: 1, total_tokens: 303 }, 291],
  [{ prompt_tokens: 12, completion_tokens: 300, total_tokens: 303 }, 300],
  [{ prompt_tokens: 12, completion_tokens: 1 }, 1],
  [{ prompt_tokens: 12, completion_tokens: 1, total_tokens: null }, 1],
  [{ prompt_tokens: 12, total_tokens: 20 }, 8],
  [{ prompt_tokens: 12, completion_tokens: 1, total_tokens: 5 }, 1],
])('the output of %j is %i', (usage, output) => {
  expect(read(usage).usage?.outputTokens).toBe(output);
});

test('DeepSeek’s cache hits and Groq’s second place for usage are read', () => {
  const usage = { prompt_tokens: 9, completion_tokens: 1, prompt_cache_hit_tokens: 8, prompt_tokens_details: null };
  expect(read(usage).usage?.cacheReadInputTokens).toBe(8);
  expect(openaiChat.readResponse({ x_groq: { usage } }).usage?.inputTokens).toBe(9);
});

test.each([undefined, null, 'text', 7, [], {}, { total_tokens: 5 }])('a usage of %j is no usage', (usage) => {
  expect(read(usage)).toEqual({ servedModel: 'gpt-4o-2024-08-06' });
});

describe('a usage that lies stays a lie', () => {
  test.each([Number.NaN, -1, 1.5, '20', 1e308, 2 ** 53, true, {}])('%j', (count) => {
    const honest = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    for (const field of Object.keys(honest)) {
      const { usage } = read({ ...honest, [field]: count });
      expect([field, validUsage(usage)]).toEqual([field, undefined]);
      expect(usage).toBeDefined();
    }
    expect(validUsage(read({ ...honest, prompt_tokens_details: { cached_tokens: count } }).usage)).toBeUndefined();
  });

  test('a count that is missing beside one that is there', () => {
    expect(validUsage(read({ prompt_tokens: 5 }).usage)).toBeUndefined();
    expect(validUsage(read({ completion_tokens: 5 }).usage)).toBeUndefined();
  });
});

test('an answer that cites the web ran one search', () => {
  const choices = [{ message: { annotations: [{ type: 'url_citation' }] } }];
  expect(read({ prompt_tokens: 1, completion_tokens: 1 }, { choices }).usage?.webSearchRequests).toBe(1);
});

describe('a cost the provider reports', () => {
  const counts = { prompt_tokens: 1, completion_tokens: 1 };
  test.each([
    [{ cost: 0.00014 }, 140_000_000],
    [{ cost: 0.1 + 0.2 }, 300_000_000_000],
    [{ cost: 0 }, 0],
    [{ cost: 1e-13 }, 1],
    [{ cost_in_usd_ticks: 1_466_250 }, 146_625_000],
    [{ cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } }, 21_000_000_000],
  ])('%j is %i pico-dollars', (cost, pico) => {
    expect(read({ ...counts, ...cost }).reportedCostPicoUsd).toBe(pico);
  });

  test.each([
    { cost: -1 },
    { cost: '1' },
    { cost: Number.NaN },
    { cost: 1e9 },
    { cost_in_usd_ticks: 1.5 },
    { cost: 1, is_byok: true },
  ])('%j is none', (cost) => {
    expect(read({ ...counts, ...cost })).not.toHaveProperty('reportedCostPicoUsd');
  });
});
