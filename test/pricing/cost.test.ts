import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costOf, worstRates } from '../../src/pricing/cost.js';
import type { Price } from '../../src/pricing/price.js';

const price: Price = {
  model: 'm',
  provider: 'p',
  input: 3_000_000,
  output: 15_000_000,
  cacheRead: 300_000,
  cacheWrite: 3_750_000,
  cacheWrite1h: 6_000_000,
  audioInput: 40_000_000,
  audioOutput: 80_000_000,
  webSearch: 10_000_000_000,
  fileSearch: 2_500_000_000,
  source: 'test',
  asOf: '2026-01-01',
};
const usd = (nano: number) => nano / 1e9;

describe('cost', () => {
  test('of plain tokens', () => {
    const gpt4o = { ...price, input: 2_500_000, output: 10_000_000 };
    expect(costOf({ inputTokens: 1000, outputTokens: 500 }, gpt4o).costNanoUsd).toBe(7_500_000);
  });

  test('of a million calls at $0.0000075 is $7.50 to the nano-dollar', () => {
    const cheap = { ...price, input: 7_500_000, output: 0 };
    const one = costOf({ inputTokens: 1, outputTokens: 0 }, cheap).costNanoUsd;
    expect(one * 1_000_000).toBe(7_500_000_000);
  });

  test('takes the parts out of their totals', () => {
    const usage = {
      inputTokens: 1000,
      outputTokens: 100,
      cacheReadInputTokens: 400,
      cacheWriteInputTokens: 100,
      cacheWrite1hInputTokens: 50,
      audioInputTokens: 200,
      audioOutputTokens: 40,
      webSearchRequests: 2,
      fileSearchRequests: 3,
    };
    const { items, costNanoUsd } = costOf(usage, price);
    expect(Object.fromEntries(items.map((item) => [item.kind, item.quantity]))).toEqual({
      input: 250,
      audio_input: 200,
      cache_read: 400,
      cache_write: 100,
      cache_write_1h: 50,
      output: 60,
      audio_output: 40,
      web_search: 2,
      file_search: 3,
    });
    const expected = 250 * 3 + 200 * 40 + 400 * 0.3 + 100 * 3.75 + 50 * 6 + 60 * 15 + 40 * 80;
    expect(usd(costNanoUsd)).toBeCloseTo(expected / 1e6 + 0.02 + 0.0075, 9);
  });

  test('reasoning is part of the output, at its rate', () => {
    const plain = costOf({ inputTokens: 0, outputTokens: 100 }, price).costNanoUsd;
    expect(costOf({ inputTokens: 0, outputTokens: 100, reasoningOutputTokens: 90 }, price).costNanoUsd).toBe(plain);
  });

  test.each([
    ['flex', 0.5],
    ['batch', 0.5],
    ['priority', 2.5],
    ['fast', 6],
    ['default', 1],
    ['auto', 1],
    [undefined, 1],
  ])('tier %s is a ratio of %d where the price names none', (serviceTier, ratio) => {
    const standard = costOf({ inputTokens: 1000, outputTokens: 1000 }, price).costNanoUsd;
    const options = serviceTier === undefined ? {} : { serviceTier };
    expect(costOf({ inputTokens: 1000, outputTokens: 1000 }, price, options).costNanoUsd).toBe(standard * ratio);
  });

  test("the price's own tier ratio counts", () => {
    const tiered = { ...price, tiers: { priority: 1.75 } };
    expect(costOf({ inputTokens: 4, outputTokens: 0 }, tiered, { serviceTier: 'priority' }).costNanoUsd).toBe(21_000);
  });

  test('the long-context rate holds for the whole request, from one token above the threshold', () => {
    const long = { ...price, longContext: [{ aboveInputTokens: 200_000, input: 6_000_000, output: 22_500_000 }] };
    expect(costOf({ inputTokens: 200_000, outputTokens: 0 }, long).costNanoUsd).toBe(600_000_000);
    expect(costOf({ inputTokens: 200_001, outputTokens: 0 }, long).costNanoUsd).toBe(1_200_006_000);
  });

  test('is within one nano-dollar above the exact sum, for any usage and rates', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    const rate = fc.integer({ min: 0, max: 600_000_000 });
    fc.assert(
      fc.property(count, count, count, rate, rate, rate, (input, cached, output, inputRate, cacheRead, outputRate) => {
        const usage = { inputTokens: input + cached, outputTokens: output, cacheReadInputTokens: cached };
        const actual = costOf(usage, { ...price, input: inputRate, output: outputRate, cacheRead }).costNanoUsd;
        const pico =
          BigInt(input) * BigInt(inputRate) + BigInt(cached) * BigInt(cacheRead) + BigInt(output) * BigInt(outputRate);
        expect(BigInt(actual) * 1000n - pico).toBeGreaterThanOrEqual(0n);
        expect(BigInt(actual) * 1000n - pico).toBeLessThan(1000n);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('cost of what is told apart less finely than it is billed', () => {
  test('images that nobody told apart are billed at the dearer rate, and so is the text beside them', () => {
    const painter = { ...price, imageInput: 8_000_000, imageOutput: 32_000_000 };
    const cost = costOf({ inputTokens: 1000, outputTokens: 1000 }, painter);
    expect(cost.costNanoUsd).toBe(40_000_000);
    expect(worstRates(painter, { inputTokens: 1000 })).toEqual({ inputPicoUsd: 8_000_000, outputPicoUsd: 32_000_000 });
  });

  test('images that were told apart have rates of their own, and text its own', () => {
    const painter = { ...price, imageInput: 8_000_000, imageOutput: 32_000_000 };
    const usage = {
      ...{ inputTokens: 1000, outputTokens: 1000, cacheReadInputTokens: 100 },
      ...{ imageInputTokens: 600, imageOutputTokens: 900, audioInputTokens: 50 },
    };
    expect(
      costOf(usage, painter).items.map(({ kind, quantity, ratePicoUsd }) => [kind, quantity, ratePicoUsd]),
    ).toEqual([
      ['input', 250, 3_000_000],
      ['audio_input', 50, 40_000_000],
      ['image_input', 600, 8_000_000],
      ['cache_read', 100, 300_000],
      ['output', 100, 15_000_000],
      ['image_output', 900, 32_000_000],
    ]);
    const none = { inputTokens: 10, outputTokens: 10, imageInputTokens: 0, imageOutputTokens: 0 };
    expect(costOf(none, painter).costNanoUsd).toBe(10 * 3000 + 10 * 15_000);
    expect(costOf(usage, price).items).toContainEqual({
      ...{ kind: 'image_output', quantity: 900, ratePicoUsd: 15_000_000, costPicoUsd: 900 * 15_000_000 },
    });
  });

  test('images that were cached are billed once', () => {
    const usage = { inputTokens: 100, outputTokens: 0, cacheReadInputTokens: 80, imageInputTokens: 50 };
    expect(costOf(usage, price).items.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ['image_input', 20],
      ['cache_read', 80],
    ]);
  });

  test('audio that was cached is billed once', () => {
    const usage = { inputTokens: 100, outputTokens: 0, cacheReadInputTokens: 80, audioInputTokens: 50 };
    expect(costOf(usage, price).items.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ['audio_input', 20],
      ['cache_read', 80],
    ]);
  });

  test('a rate that is absent is its nearest base rate', () => {
    const bare: Price = { model: 'm', provider: 'p', input: 2, output: 3, source: 's', asOf: '2026-01-01' };
    const usage = {
      ...{ inputTokens: 1000, outputTokens: 1000, cacheReadInputTokens: 100, cacheWriteInputTokens: 100 },
      ...{ cacheWrite1hInputTokens: 100, audioInputTokens: 100, audioOutputTokens: 100, webSearchRequests: 3 },
    };
    expect(costOf(usage, bare).costNanoUsd).toBe(5);
    expect(costOf(usage, { ...bare, cacheWrite: 12 }).costNanoUsd).toBe(7);
  });

  test('a fee for the request is charged once, whatever its size', () => {
    expect(costOf({ inputTokens: 0, outputTokens: 0 }, { ...price, request: 5_000_000_000 }).costNanoUsd).toBe(
      5_000_000,
    );
  });
});

describe('a service tier', () => {
  test.each([
    [3_000_000, 1.1, 3_300_000],
    [150_000, 1.6667, 250_005],
    [1, 0.5, 1],
    [Number.MAX_SAFE_INTEGER - 1, 0.5, (Number.MAX_SAFE_INTEGER - 1) / 2],
  ])('makes of %d pico-dollars at %d exactly %d', (input, priority, expected) => {
    const { items } = costOf(
      { inputTokens: 1, outputTokens: 0 },
      { ...price, input, tiers: { priority } },
      { serviceTier: 'priority' },
    );
    expect(items[0]?.ratePicoUsd).toBe(expected);
  });

  test('does not change the fee of a search', () => {
    const usage = { inputTokens: 0, outputTokens: 0, webSearchRequests: 1 };
    expect(costOf(usage, price, { serviceTier: 'flex' }).costNanoUsd).toBe(10_000_000);
  });

  test.each(['standard', 'scale', '__proto__', 'constructor', ''])('%j is the standard tier', (serviceTier) => {
    const usage = { inputTokens: 100, outputTokens: 100 };
    expect(costOf(usage, price, { serviceTier })).toEqual(costOf(usage, price));
  });
});

test('any call costs what a rational model says, rounded up to a nano-dollar', () => {
  const count = fc.integer({ min: 0, max: 3_000_000 });
  const rate = fc.integer({ min: 0, max: 600_000_000 });
  const rates = fc.record({
    ...{ input: rate, output: rate, cacheRead: rate, cacheWrite: rate, cacheWrite1h: rate },
    ...{ audioInput: rate, audioOutput: rate },
  });
  const parts = fc.record({
    ...{ plain: count, cacheRead: count, cacheWrite: count, cacheWrite1h: count, audioIn: count },
    ...{ plainOut: count, audioOut: count, searches: fc.integer({ min: 0, max: 20 }) },
  });
  const priority = fc.integer({ min: 1, max: 40_000 });
  fc.assert(
    fc.property(rates, rates, parts, priority, fc.boolean(), (short, long, part, ratio, isPriority) => {
      const inputTokens = part.plain + part.cacheRead + part.cacheWrite + part.cacheWrite1h + part.audioIn;
      const usage = {
        inputTokens,
        outputTokens: part.plainOut + part.audioOut,
        cacheReadInputTokens: part.cacheRead,
        cacheWriteInputTokens: part.cacheWrite,
        cacheWrite1hInputTokens: part.cacheWrite1h,
        audioInputTokens: part.audioIn,
        audioOutputTokens: part.audioOut,
        webSearchRequests: part.searches,
      };
      const longContext = [{ aboveInputTokens: 2_000_000, ...long }];
      const row: Price = { ...price, ...short, longContext, tiers: { priority: ratio / 10_000 } };
      const used = inputTokens > 2_000_000 ? long : short;
      const scaled = (pico: number) => (isPriority ? (BigInt(pico) * BigInt(ratio) + 9999n) / 10_000n : BigInt(pico));
      const pico =
        BigInt(part.plain) * scaled(used.input) +
        BigInt(part.cacheRead) * scaled(used.cacheRead) +
        BigInt(part.cacheWrite) * scaled(used.cacheWrite) +
        BigInt(part.cacheWrite1h) * scaled(used.cacheWrite1h) +
        BigInt(part.audioIn) * scaled(used.audioInput) +
        BigInt(part.plainOut) * scaled(used.output) +
        BigInt(part.audioOut) * scaled(used.audioOutput) +
        BigInt(part.searches) * 10_000_000_000n;
      const { items, costNanoUsd } = costOf(usage, row, isPriority ? { serviceTier: 'priority' } : {});
      expect(BigInt(costNanoUsd)).toBe((pico + 999n) / 1000n);
      expect(items.reduce((sum, item) => sum + BigInt(item.costPicoUsd), 0n)).toBe(pico);
    }),
    { numRuns: 1000 },
  );
});

describe('the worst rates', () => {
  test('are the dearest any token may be charged', () => {
    expect(worstRates(price, { inputTokens: 10 })).toEqual({ inputPicoUsd: 6_000_000, outputPicoUsd: 15_000_000 });
    expect(worstRates(price, { inputTokens: 10, audioInput: true, audioOutput: true })).toEqual({
      inputPicoUsd: 40_000_000,
      outputPicoUsd: 80_000_000,
    });
  });

  test('never go down for a cheaper tier, which the provider may not serve', () => {
    expect(worstRates(price, { inputTokens: 10, serviceTier: 'flex' }).outputPicoUsd).toBe(15_000_000);
    expect(worstRates(price, { inputTokens: 10, serviceTier: 'priority' }).outputPicoUsd).toBe(37_500_000);
  });

  test('bound the cost of every usage within the bounds', () => {
    const tier = fc.constantFrom(undefined, 'default', 'flex', 'priority');
    const part = fc.integer({ min: 0, max: 100_000 });
    const long = { ...price, longContext: [{ aboveInputTokens: 100_000, input: 9_000_000, output: 30_000_000 }] };
    fc.assert(
      fc.property(part, part, part, part, tier, (plain, cached, written, output, serviceTier) => {
        const inputTokens = plain + cached + written;
        const usage = {
          inputTokens,
          outputTokens: output,
          cacheReadInputTokens: cached,
          cacheWrite1hInputTokens: written,
        };
        const options = serviceTier === undefined ? {} : { serviceTier };
        const worst = worstRates(long, { inputTokens, ...options });
        const bound = Math.ceil((inputTokens * worst.inputPicoUsd + output * worst.outputPicoUsd) / 1000);
        expect(costOf(usage, long, options).costNanoUsd).toBeLessThanOrEqual(bound);
      }),
    );
  });
});
