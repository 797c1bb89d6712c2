import { describe, expect, it } from 'vitest';
import { ConfigError, CostAssertionError } from '../../src/errors.js';
import { createReport } from '../../src/report/report.js';
import { costMatchers as forJest } from '../../src/testing/jest.js';
import type { Measured } from '../../src/testing/measured-cost.js';
import { costMatchers } from '../../src/testing/vitest.js';
import { makeRecord } from '../report/records.js';

expect.extend(costMatchers);

const records = [
  makeRecord({ id: 'a', tags: { feature: 'search' } }),
  makeRecord({ id: 'b', tags: { feature: 'chat' }, costNanoUsd: 2_500_000 }),
];
const report = createReport(records, { groupBy: ['feature'] });

describe('toCostLessThan', () => {
  it.each<[string, Measured]>([
    ['a report', report],
    ['its totals', report.total()],
    ['a scope', { report: () => report }],
    ['what measure resolved', { report }],
  ])('takes %s', (_name, measured) => {
    expect(measured).toCostLessThan(0.02);
    expect(measured).toCostLessThan('0.010000001');
    expect(measured).not.toCostLessThan('0.01');
    expect(() => expect(measured).toCostLessThan(0.005)).toThrow(/2 calls to cost less than \$0\.005, .*\$0\.01/);
  });

  it('calls report of a scope as its method', () => {
    class Scope {
      readonly #report = report;
      report() {
        return this.#report;
      }
    }
    expect(new Scope()).toCostLessThan(1);
  });

  it('shows the rows behind a sum, and says what was not expected', () => {
    expect(() => expect(report).toCostLessThan(0.001)).toThrow(/search.*\$0\.0075\n.*chat.*\$0\.0025/);
    expect(() => expect(report).not.toCostLessThan(1)).toThrow(/2 calls not to cost less than \$1, .*\$0\.01/);
  });

  it('compares exactly where numbers could not', () => {
    const large = makeRecord({ costNanoUsd: Number.MAX_SAFE_INTEGER });
    expect(createReport([large, makeRecord()])).not.toCostLessThan('9007199.254740991');
    expect(createReport([large])).not.toCostLessThan('9007199.254740991');
    expect(createReport([makeRecord({ costNanoUsd: Number.MAX_SAFE_INTEGER - 1 })])).toCostLessThan(
      '9007199.254740991',
    );
  });

  it.each([
    ['no call was recorded', createReport([]), /no call was recorded/],
    ['records were dropped', createReport(records, {}, { dropped: 3 }), /3 older records were dropped/],
    [
      'a call has no price',
      createReport([makeRecord({ basis: 'unpriced', costNanoUsd: 0 })]),
      /1 call of 1 have no price/,
    ],
  ])('fails either way where %s', (_name, blind, message) => {
    for (const check of [() => expect(blind).toCostLessThan(1), () => expect(blind).not.toCostLessThan(1)]) {
      expect(check).toThrow(CostAssertionError);
      expect(check).toThrow(message);
    }
  });

  it('fails in the plain way where a cost that is not whole is over its cap already', () => {
    const partial = createReport(records, {}, { dropped: 3 });
    expect(() => expect(partial).toCostLessThan(0.001)).toThrow(/expected 2 calls to cost less/);
    expect(partial).not.toCostLessThan(0.001);
  });

  it.each([
    [Promise.resolve(report), /Await it first/],
    [undefined, /Give a report/],
    [{ costUsd: 0.1, calls: 1 }, /Give a report/],
    [{ report: () => undefined }, /Give a report/],
  ])('refuses %s', (measured, message) => {
    const check = () => expect(measured).toCostLessThan(1);
    expect(check).toThrow(ConfigError);
    expect(check).toThrow(message);
  });

  it('refuses a cap that is no amount', () => {
    expect(() => expect(report).toCostLessThan(Number.NaN)).toThrow(/toCostLessThan: NaN/);
  });

  it('is the same for jest, which asks for a verdict and a message', () => {
    expect(forJest).toBe(costMatchers);
    const verdict = forJest.toCostLessThan(report, 1);
    expect([verdict.pass, verdict.message()]).toEqual([true, expect.stringContaining('not to cost less')]);
  });
});
