import { describe, expect, test } from 'vitest';
import { stalePriceWarning } from '../../src/pricing/stale.js';

const on = (day: string) => Date.parse(`${day}T12:00:00Z`);

describe('a price table', () => {
  test.each(['2026-09-23', '2026-11-07', '2026-01-01'])('is fresh on %s, at most 45 days after its own', (day) => {
    expect(stalePriceWarning('2026-09-23', on(day))).toBeUndefined();
  });

  test('is stale from the 46th day, and says its day, which way costs err and what to do', () => {
    const warning = stalePriceWarning('2026-09-23', on('2026-11-08'));
    expect(warning?.ageDays).toBe(46);
    expect(warning?.message).toMatch(
      /46 days old \(of 2026-09-23\).*too high.*too low.*Upgrade tokenguard.*prices\.register/,
    );
  });

  test('is stale after as many days as the user says', () => {
    expect(stalePriceWarning('2026-09-23', on('2026-09-30'), 7)).toBeUndefined();
    expect(stalePriceWarning('2026-09-23', on('2026-10-01'), 7)?.ageDays).toBe(8);
    expect(stalePriceWarning('2026-09-23', on('2030-01-01'), Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  test('of a day nobody can read is stale', () => {
    expect(stalePriceWarning('yesterday', on('2026-09-30'))?.message).toContain("an unknown day ('yesterday')");
  });
});
