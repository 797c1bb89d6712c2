import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { createFakeBill } from '../../src/testing/fake-bill.js';

const TOKENS = { inputTokens: 0, outputTokens: 0, reasoningTokens: 0, cachedTokens: 0, cacheWriteTokens: 0 };

describe('the bill', () => {
  it('is exact over a million calls', () => {
    const bill = createFakeBill({ tiny: { input: 7.5, output: 0 } }, { input: 0, output: 0 });
    for (let call = 0; call < 1_000_000; call += 1) bill.charge('tiny', undefined, { ...TOKENS, inputTokens: 1 });
    expect(bill.total()).toMatchObject({ usd: '7.5', nanoUsd: 7_500_000_000n, calls: 1_000_000 });
  });

  it('keeps what a nano-dollar cannot hold, and rounds each request up', () => {
    const bill = createFakeBill({ small: { input: '0.000075', output: 1 } }, { input: 0, output: 0 });
    expect(bill.charge('small', undefined, { ...TOKENS, inputTokens: 1 })).toBe(1n);
    bill.charge('small', undefined, { ...TOKENS, inputTokens: 1 });
    expect(bill.total()).toMatchObject({ usd: '0.00000000015', nanoUsd: 2n });
    bill.reset();
    expect(bill.total()).toEqual({ nanoUsd: 0n, usd: '0', inputTokens: 0, outputTokens: 0, calls: 0 });
  });

  it('bills an unlisted model at the default price', () => {
    const bill = createFakeBill({}, { input: '1e-3', output: 1e-7 });
    bill.charge('unknown', 'flex', { ...TOKENS, inputTokens: 1_000_000, outputTokens: 10_000_000 });
    expect(bill.total().usd).toBe('0.001001');
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 'free', '0.0000000001'])('refuses the rate %s', (input) => {
    expect(() => createFakeBill({ bad: { input, output: 1 } }, { input: 0, output: 0 })).toThrow(ConfigError);
  });
});
