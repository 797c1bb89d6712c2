import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_AMOUNT } from '../../src/money.js';
import type { Price } from '../../src/pricing/price.js';
import { ceilingThatFits, injectedCeiling } from '../../src/quote/output-bound.js';
import { ceilingForTokens, ceilingForUsd, type QuoteInput, quoteCall } from '../../src/quote/quote.js';
import type { CallRequest, HostedTools } from '../../src/wire/wire.js';

const PRICE: Price = {
  model: 'm',
  provider: 'p',
  input: 2_500_000,
  output: 10_000_000,
  maxOutputTokens: 16_000,
  source: 'test',
  asOf: '2026-11-24',
};
const REQUEST: CallRequest = { operation: 'chat', model: 'm', stream: false, choices: 1, minOutputTokens: 1 };

function input(parts: Partial<QuoteInput> & { readonly asked?: Partial<CallRequest> } = {}): QuoteInput {
  const { asked, ...rest } = parts;
  return { request: { ...REQUEST, ...asked }, price: PRICE, inputTokens: 1000, hasAudio: false, headroom: 1, ...rest };
}

describe('a quote', () => {
  it('is the input and the ceiling of the caller at the rates of the model', () => {
    expect(quoteCall(input({ asked: { maxOutputTokens: 500 } }))).toEqual({
      inputTokens: 1000,
      outputTokens: 500,
      outputSource: 'caller',
      costNanoUsd: 7_500_000,
    });
  });

  it.each<[string, Partial<QuoteInput> & { asked?: Partial<CallRequest> }, number, string]>([
    ['the ceiling of a budget', { ceilingTokens: 300 }, 300, 'ceiling'],
    [
      'the tighter of two ceilings, that of the budget',
      { ceilingTokens: 300, asked: { maxOutputTokens: 500 } },
      300,
      'ceiling',
    ],
    [
      'the tighter of two ceilings, that of the caller',
      { ceilingTokens: 900, asked: { maxOutputTokens: 500 } },
      500,
      'caller',
    ],
    ['the maximum of the model without one', {}, 16_000, 'model'],
    ['zero where zero was asked for', { asked: { maxOutputTokens: 0 } }, 0, 'caller'],
    ['every choice', { asked: { maxOutputTokens: 500, choices: 3 } }, 1500, 'caller'],
    ['much where nobody knows the maximum', { price: undefined }, 1_000_000, 'unknown'],
  ])('bounds the output by %s', (_, parts, outputTokens, outputSource) => {
    expect(quoteCall(input(parts))).toMatchObject({ outputTokens, outputSource });
  });

  it('costs nothing without a price', () => {
    expect(quoteCall(input({ price: undefined })).costNanoUsd).toBe(0);
  });

  it('never passes what can be counted', () => {
    const { outputTokens } = quoteCall(input({ asked: { maxOutputTokens: MAX_AMOUNT, choices: 100 } }));

    expect(outputTokens).toBe(MAX_AMOUNT);
  });

  it('has the fee of each web search it allows', () => {
    const asked = { maxOutputTokens: 0, hostedTools: { maxCalls: 3, maxWebSearches: 3 } };

    expect(quoteCall(input({ asked })).costNanoUsd).toBe(2_500_000 + 3 * 50_000_000);
    expect(quoteCall(input({ asked, price: { ...PRICE, webSearch: 10_000_000_000 } })).costNanoUsd).toBe(32_500_000);
  });

  it.each([
    ['files alone', 0, {}, 3 * 2_500_000],
    ['files alone at their listed fee', 0, { fileSearch: 1_000_000_000 }, 3 * 1_000_000],
    ['files beside the dearer web', 3, { webSearch: 10_000_000_000 }, 3 * 10_000_000],
    ['files beside a cheaper web', 3, { webSearch: 1_000_000_000 }, 3 * 2_500_000],
  ])('has the dearest fee for each search: %s', (_name, maxWebSearches, fees, expected) => {
    const asked = { maxOutputTokens: 0, hostedTools: { maxCalls: 3, maxWebSearches, maxFileSearches: 3 } };

    expect(quoteCall(input({ asked, price: { ...PRICE, ...fees } })).costNanoUsd).toBe(2_500_000 + expected);
  });
});

describe('what is sold by the piece', () => {
  const { maxOutputTokens: _most, ...unbounded } = PRICE;
  const free: Price = { ...unbounded, input: 0, output: 0 };

  it('is held for every image, and has no output to bound', () => {
    const quote = quoteCall(
      input({ asked: { choices: 3, maxImages: 3 }, price: { ...free, perImage: 40_000_000_000 } }),
    );

    expect(quote).toMatchObject({ costNanoUsd: 120_000_000, outputTokens: 0, outputSource: 'model' });
  });

  it.each([
    [{}, 1600],
    [{ maxAudioSeconds: 60 }, 60],
    [{ maxAudioSeconds: 3600 }, 1600],
    [{ minAudioSeconds: 2000 }, 2000],
  ])('is held for as long as the audio can be: %j', (limits, seconds) => {
    const price = { ...free, ...limits, perAudioSecond: 100_000_000 };
    const quote = quoteCall(input({ asked: { maxAudioSeconds: 1600 }, price }));

    expect(quote).toMatchObject({ costNanoUsd: seconds * 100_000, outputTokens: seconds * 15, outputSource: 'model' });
  });

  it('bounds nothing where tokens cost too, or nothing is asked for the piece', () => {
    const source = (price: Price) => quoteCall(input({ asked: { maxImages: 1 }, price })).outputSource;

    expect(source({ ...free, perImage: 1, output: 1 })).toBe('unknown');
    expect(source({ ...free, perImage: 1, imageOutput: 1 })).toBe('unknown');
    expect(source({ ...free, perAudioSecond: 1 })).toBe('unknown');
    expect(source(free)).toBe('unknown');
  });
});

describe('hosted tools', () => {
  const asked = { maxOutputTokens: 0 };
  const cost = (hostedTools: HostedTools, fees: Partial<Price> = {}) =>
    quoteCall(input({ asked: { ...asked, hostedTools }, price: { ...PRICE, ...fees } })).costNanoUsd - 2_500_000;

  it('hold a session for each container, used or not, beside the dearest calls', () => {
    const tools = { maxCalls: 2, maxWebSearches: 2, maxCodeSessions: 4 };

    expect(cost(tools)).toBe(4 * 30_000_000 + 2 * 50_000_000);
    expect(cost(tools, { codeSession: 1_000_000_000, webSearch: 0 })).toBe(4 * 1_000_000);
  });

  it('hold the dearest image for each call that may make one', () => {
    expect(cost({ maxCalls: 2, maxWebSearches: 2, maxImages: 2 })).toBe(2 * 750_000_000);
  });
});

describe('a ceiling that fits', () => {
  it('is the largest one whose quote fits', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000_000_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 8 }),
        (room, inputTokens, choices) => {
          const parts = input({ inputTokens, asked: { choices } });
          const ceiling = ceilingForUsd(parts, PRICE, room);
          const costAt = (ceilingTokens: number) => quoteCall({ ...parts, ceilingTokens }).costNanoUsd;
          if (ceiling < 0) return costAt(0) > room;
          return costAt(ceiling) <= room && costAt(ceiling + 1) > room;
        },
      ),
    );
  });

  it('fits the room for tokens too', () => {
    const parts = input({ asked: { choices: 2 } });

    expect(ceilingForTokens(parts, 2001)).toBe(500);
    expect(ceilingForTokens(parts, 999)).toBeLessThan(0);
  });

  it('is what can be counted where output is free', () => {
    expect(ceilingForUsd(input(), { ...PRICE, output: 0 }, 2_500_000)).toBe(MAX_AMOUNT);
    expect(ceilingForUsd(input(), { ...PRICE, output: 0 }, 2_499_999)).toBeLessThan(0);
  });

  it('is the strictest of several rooms', () => {
    const rooms = [
      { unit: 'usd', amount: 12_500_000 },
      { unit: 'tokens', amount: 1600 },
      { unit: 'calls', amount: 1 },
    ] as const;

    expect(ceilingThatFits(input(), rooms)).toBe(600);
    expect(ceilingThatFits(input(), rooms.slice(0, 1))).toBe(1000);
  });
});

const RESERVES = { outputReserve: 256, reasoningReserve: 0 };

describe('an injected ceiling', () => {
  const reserves = { outputReserve: 256, reasoningReserve: 0 };

  it.each<[string, number, number | undefined]>([
    ['a quarter of the rest, where that is more than 4096 tokens', 400_000_000, 10_000],
    ['4096 tokens, where a quarter is less', 60_000_000, 4096],
    ['what fits, where 4096 tokens do not', 22_500_000, 2000],
    ['the least worth sending a call for', 5_060_000, 256],
    ['none where less than that fits', 5_050_000, undefined],
    ['never above the maximum of the model', 40_000_000_000, 16_000],
  ])('is %s', (_, amount, ceiling) => {
    expect(injectedCeiling(input(), [{ unit: 'usd', amount }], reserves)).toBe(ceiling);
  });

  it('has room for thinking on top where there is any', () => {
    const rooms = [{ unit: 'usd', amount: 100_000_000 }] as const;

    expect(injectedCeiling(input(), rooms, { ...RESERVES, reasoningReserve: 1000 })).toBe(5096);
    expect(injectedCeiling(input(), rooms, { ...RESERVES, reasoningReserve: 50_000 })).toBe(9750);
  });

  it('keeps to the least the format accepts', () => {
    const asked = { minOutputTokens: 1024 };

    expect(injectedCeiling(input({ asked }), [{ unit: 'usd', amount: 12_000_000 }], reserves)).toBeUndefined();
    expect(injectedCeiling(input({ asked }), [{ unit: 'usd', amount: 13_000_000 }], reserves)).toBe(1050);
  });
});
