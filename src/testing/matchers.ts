import { formatUsd, parseUsd } from '../money.js';
import { callsText, type Measured, readCost, requireWhole, shown } from './measured-cost.js';

/** What a matcher tells vitest or jest. */
export interface MatcherVerdict {
  readonly pass: boolean;
  message(): string;
}

/**
 * Matchers for `expect.extend`, the same for vitest and jest. `tokenguard/testing/vitest` and `tokenguard/testing/jest`
 * export them together with their types.
 *
 * `toCostLessThan(usd)` takes a report, its `total()`, a scope, or what `measure(fn)` resolved, and a cap in US dollars
 * as a number or a decimal string. It fails, under `not` too, where the cost is not known to be whole: no call was
 * recorded, records were dropped, or a call has no price.
 *
 * @example
 * expect.extend(costMatchers);
 * expect(await measure(() => answer('What is 6 × 7?'))).toCostLessThan(0.01);
 */
export const costMatchers = Object.freeze({ toCostLessThan });

function toCostLessThan(received: Measured, usd: number | string): MatcherVerdict {
  const capNanoUsd = parseUsd(usd, 'toCostLessThan');
  const cost = readCost(received, 'value given to expect');
  const pass = cost.costNanoUsd < BigInt(capNanoUsd);
  // A cost that is over its cap already stays so, whatever else is missing.
  if (pass || cost.doubt === 'no call was recorded') requireWhole(cost);
  const { calls, costUsd } = cost.total;
  return {
    pass,
    message: () =>
      `expected ${callsText(calls)} ${pass ? 'not ' : ''}to cost less than $${formatUsd(capNanoUsd)}, and the cost is $${costUsd}${shown(cost.table)}`,
  };
}
