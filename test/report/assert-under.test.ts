import { describe, expect, it } from 'vitest';
import { ConfigError, CostAssertionError } from '../../src/errors.js';
import type { CostCaps } from '../../src/report/assert-under.js';
import { createReport } from '../../src/report/report.js';
import { makeRecord } from './records.js';

const records = [
  makeRecord({ tags: { feature: 'search' } }),
  makeRecord({ tags: { feature: 'search' } }),
  makeRecord({ tags: { feature: 'chat' } }),
];

describe.each([[undefined], [['feature']], [['$model', 'userId']]])('grouped by %j', (groupBy) => {
  const report = createReport(records, groupBy ? { groupBy } : {});

  it('passes at the cap and throws above it', () => {
    expect(report.assertUnder({ usd: 0.015, tokens: 3000, calls: 2 }, { feature: 'search' })).toBeUndefined();
    expect(() => report.assertUnder({ usd: '0.014999999' }, { feature: 'search' })).toThrow(CostAssertionError);
    expect(() => report.assertUnder({ tokens: 2999 }, { feature: 'search' })).toThrow(CostAssertionError);
    expect(() => report.assertUnder({ calls: 2 })).toThrow(CostAssertionError);
  });

  it('names sum, cap and filter', () => {
    expect(() => report.assertUnder({ usd: 0.01, calls: 1 }, { feature: 'search' })).toThrow(
      "Cost is not under its cap for feature = 'search' (2 calls): $0.015 spent of $0.01; 2 calls of 1",
    );
  });

  it('throws when no record matches', () => {
    expect(() => report.assertUnder({ usd: 1 }, { feature: 'serach' })).toThrow(
      "Cost cannot be asserted: no record matches feature = 'serach'",
    );
  });
});

it('names the filter of the report as well', () => {
  const report = createReport(records, { where: { feature: ['chat', 'search'] }, since: '2026-11-01' });
  expect(() => report.assertUnder({ usd: 0 }, { $provider: 'openai' })).toThrow(
    "for feature = 'chat' or 'search', since 2026-11-01T00:00:00.000Z, $provider = 'openai' (3 calls)",
  );
});

it('throws when records that may match were dropped', () => {
  const context = { dropped: 3, droppedUntilMs: 1000 };
  expect(() => createReport(records, {}, context).assertUnder({ usd: 1 })).toThrow(/3 older records were dropped/);
  expect(() => createReport([], {}, context).assertUnder({ usd: 1 })).toThrow(/3 older records were dropped/);
  expect(() => createReport(records, { since: 1001 }, context).assertUnder({ usd: 1 })).not.toThrow();
});

it('does not pass a usd cap when the cost of a call is unknown', () => {
  const report = createReport([...records, makeRecord({ basis: 'unpriced', costNanoUsd: 0 })]);
  expect(() => report.assertUnder({ usd: 1 })).toThrow(/1 calls have no price/);
  expect(() => report.assertUnder({ calls: 4 })).not.toThrow();
});

it.each<[unknown, RegExp]>([
  [{}, /caps/],
  [undefined, /caps/],
  [{ usd: Number.NaN }, /caps\.usd: NaN/],
  [{ usd: -1 }, /caps\.usd/],
  [{ usd: undefined }, /caps\.usd: undefined/],
  [{ tokens: 1.5 }, /caps\.tokens/],
  [{ calls: '3' }, /caps\.calls/],
  [{ dollars: 3 }, /caps\.dollars/],
])('refuses the caps %j by name', (caps, message) => {
  const assert = () => createReport(records).assertUnder(caps as CostCaps);
  expect(assert).toThrow(ConfigError);
  expect(assert).toThrow(message);
});
