import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWindow } from '../../src/budget/window.js';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-10-14T12:00:00Z');

describe('a rolling window', () => {
  it('is the current bucket and the 24 before it, newest first', () => {
    const span = readWindow({ rolling: '24h' }).at(NOON + 1);

    expect(span).toMatchObject({ id: `r:${NOON}`, startMs: NOON, endMs: NOON + HOUR_MS });
    expect(span.earlierIds).toEqual(Array.from({ length: 24 }, (_, index) => `r:${NOON - (index + 1) * HOUR_MS}`));
  });

  it('says when the oldest bucket leaves, and when the current one will', () => {
    const span = readWindow({ rolling: '24h' }).at(NOON);

    expect(span.resetsAtMs).toBe(NOON + HOUR_MS);
    expect(span.countsUntilMs).toBe(NOON + 25 * HOUR_MS);
  });

  it.each([
    ['1s', 42],
    ['90s', 3750],
    ['15m', 37_500],
    ['7d', 7 * HOUR_MS],
    [1001, 42],
    [366 * 24 * HOUR_MS, 366 * HOUR_MS],
  ])('of %s has buckets of %d ms', (rolling, bucketMs) => {
    const { startMs, endMs } = readWindow({ rolling }).at(NOON);

    expect(endMs - startMs).toBe(bucketMs);
  });

  it('counts what was spent for its whole length, and no more than a bucket longer', () => {
    const lengths = fc.integer({ min: 1000, max: 366 * 24 * HOUR_MS });
    const moments = fc.integer({ min: 0, max: 4e12 });

    fc.assert(
      fc.property(lengths, moments, fc.double({ min: 0, max: 2, noNaN: true }), (rolling, spentMs, share) => {
        const window = readWindow({ rolling });
        const { id, endMs, startMs, countsUntilMs } = window.at(spentMs);
        const later = window.at(spentMs + Math.floor(share * rolling));
        const counts = later.id === id || later.earlierIds.includes(id);

        if (share <= 1) expect(counts).toBe(true);
        expect(counts).toBe(spentMs + Math.floor(share * rolling) < countsUntilMs);
        expect(countsUntilMs - spentMs).toBeGreaterThanOrEqual(rolling);
        // A bucket is rounded up to a whole millisecond.
        expect(countsUntilMs - spentMs).toBeLessThanOrEqual(rolling + 24 + (endMs - startMs));
        expect(window.at(countsUntilMs).earlierIds).not.toContain(id);
        expect(window.at(countsUntilMs - 1).earlierIds.at(-1)).toBe(id);
      }),
    );
  });
});
