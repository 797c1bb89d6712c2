import { describe, expect, test } from 'vitest';
import { costOf } from '../../src/pricing/cost.js';
import type { Price } from '../../src/pricing/price.js';
import type { Usage } from '../../src/usage/usage.js';

const free: Price = { model: 'm', provider: 'p', input: 0, output: 0, source: 'test', asOf: '2026-01-01' };
const none: Usage = { inputTokens: 0, outputTokens: 0 };
const lines = (usage: Usage, price: Price, serviceTier = 'default') =>
  costOf(usage, price, { serviceTier }).items.map(({ kind, quantity, costPicoUsd }) => [kind, quantity, costPicoUsd]);

describe('what is sold by the piece', () => {
  test.each<[Partial<Usage>, Partial<Price>, unknown[]]>([
    [{ images: 3 }, { perImage: 40_000_000_000 }, ['image', 3, 120_000_000_000]],
    [{ audioSeconds: 37 }, { perAudioSecond: 100_000_000 }, ['audio_duration', 37, 3_700_000_000]],
    [{ codeSessions: 4 }, { codeSession: 30_000_000_000 }, ['code_session', 4, 120_000_000_000]],
  ])('%j at %j is the line %j, at every tier', (usage, price, line) => {
    for (const tier of ['default', 'batch', 'fast']) {
      expect(lines({ ...none, ...usage }, { ...free, ...price }, tier)).toEqual([line]);
    }
  });

  test('short audio is billed as the least there is, and none as none', () => {
    const price = { ...free, perAudioSecond: 7, minAudioSeconds: 10 };
    expect(lines({ ...none, audioSeconds: 3 }, price)).toEqual([['audio_duration', 10, 70]]);
    expect(lines({ ...none, audioSeconds: 0 }, price)).toEqual([]);
  });

  test('counts beside a bill in tokens cost nothing where nothing is asked for them', () => {
    const price = { ...free, input: 5, output: 40 };
    expect(lines({ inputTokens: 10, outputTokens: 100, images: 1 }, price)).toEqual([
      ['input', 10, 50],
      ['output', 100, 4000],
    ]);
  });
});

describe('an answer that tells another unit than its model is priced in is charged the most it can be', () => {
  const byToken = { ...free, input: 5, output: 40, audioInput: 6 };

  test('images of a model that is priced by tokens', () => {
    expect(lines({ ...none, images: 2 }, { ...byToken, maxOutputTokens: 1000 })).toEqual([['presumed', 1, 80_000]]);
    expect(lines({ ...none, images: 1 }, byToken)).toEqual([['presumed', 1, 40_000_000]]);
  });

  test('seconds of a model that is priced by tokens, beside the tokens it told', () => {
    expect(lines({ ...none, audioSeconds: 10 }, byToken)).toEqual([['presumed', 1, 10 * (32 * 6 + 15 * 40)]]);
    expect(lines({ inputTokens: 1, outputTokens: 1, audioSeconds: 1 }, byToken)).toEqual([
      ['input', 1, 5],
      ['output', 1, 40],
      ['presumed', 1, 32 * 6 + 15 * 40],
    ]);
  });

  test('tokens of a model that is sold by its length alone', () => {
    const price = { ...free, perAudioSecond: 7 };
    expect(lines({ inputTokens: 10, outputTokens: 5 }, price)).toContainEqual(['presumed', 1, 105]);
    expect(lines({ inputTokens: 10, outputTokens: 5 }, { ...price, input: 1 })).toEqual([
      ['input', 10, 10],
      ['output', 5, 0],
    ]);
  });
});
