import { ConfigError, CostAssertionError } from '../errors.js';
import { formatUsd, isAmount, parseUsd } from '../money.js';
import { type Totals, totalsOf } from './aggregate.js';
import { createFilter, type RecordFilter, type Where } from './filter.js';
import { narrowSelection, type Selection } from './selection.js';

/** What a sum may at most be; at the cap is under it. */
export interface CostCaps {
  readonly usd?: number | string;
  readonly tokens?: number;
  readonly calls?: number;
}

type CapCheck = (totals: Totals) => string | undefined;

/**
 * Checks that what the calls that `selected` chose come to, those that `where` matches, stays at or below every cap.
 *
 * @throws CostAssertionError when a sum is above its cap, when no record matches, when records that may match are
 * missing, and under a usd cap when a matching call has no price: a check that cannot see must not pass.
 * @throws ConfigError for caps that are empty, unknown or no amounts.
 */
export function assertUnder(selection: Selection, selected: RecordFilter, caps: CostCaps, where: Where = {}): void {
  const checks = capChecks(caps);
  const filter = createFilter({ where });
  const scope = [selected.describe(), filter.describe()].filter((text) => text !== '').join(', ');
  const matching = narrowSelection(selection, filter);
  if (matching.missing > 0) {
    throw new CostAssertionError(
      `Cost cannot be asserted for ${scopeText(scope)}: ${matching.missing} older records were dropped and may match. ${remedyFor(matching)}`,
    );
  }
  const totals = totalsOf(matching);
  const { calls } = totals.toTotal();
  if (calls === 0) {
    throw new CostAssertionError(`Cost cannot be asserted: no record matches ${scopeText(scope)}`);
  }
  const failures = checks.map((check) => check(totals)).filter((text) => text !== undefined);
  if (failures.length > 0) {
    throw new CostAssertionError(
      `Cost is not under its cap for ${scopeText(scope)} (${calls} calls): ${failures.join('; ')}`,
    );
  }
}

function remedyFor({ missing, missingByTime }: Selection): string {
  // Fewer are missing than were dropped only where the others are in sums, and there were too many sums to keep.
  return missing < missingByTime
    ? 'Raise maxRecords, or use tags that have fewer different values'
    : 'Raise maxRecords, or narrow the check with since';
}

function scopeText(scope: string): string {
  return scope === '' ? 'all calls' : scope;
}

function capChecks(caps: CostCaps): CapCheck[] {
  if (typeof caps !== 'object' || caps === null || Object.keys(caps).length === 0) {
    throw new ConfigError({ option: 'caps', value: caps, remedy: 'give at least one of usd, tokens and calls' });
  }
  return Object.entries(caps).map(([unit, cap]: [string, unknown]) => {
    if (unit === 'usd') return usdCheck(cap);
    if (unit === 'tokens' || unit === 'calls') return countCheck(unit, cap);
    throw new ConfigError({ option: `caps.${unit}`, value: cap, remedy: 'use usd, tokens or calls' });
  });
}

function usdCheck(cap: unknown): CapCheck {
  const capNanoUsd = parseUsd(cap as number | string, 'caps.usd');
  return (totals) => {
    const { unpricedCalls } = totals.toTotal();
    if (totals.costNanoUsd > BigInt(capNanoUsd)) {
      return `$${formatUsd(totals.costNanoUsd)} spent of $${formatUsd(capNanoUsd)}`;
    }
    if (unpricedCalls === 0) return undefined;
    return `${unpricedCalls} calls have no price, so $${formatUsd(totals.costNanoUsd)} is not their whole cost under $${formatUsd(capNanoUsd)}; register a price with prices.register`;
  };
}

function countCheck(unit: 'tokens' | 'calls', cap: unknown): CapCheck {
  if (!isAmount(cap)) {
    throw new ConfigError({ option: `caps.${unit}`, value: cap, remedy: 'give a whole number, 0 or more' });
  }
  return (totals) => {
    const sum = totals.toTotal()[unit];
    return sum > cap ? `${sum} ${unit} of ${cap}` : undefined;
  };
}
