const MS_PER_DAY = 86_400_000;

/** Beyond this age providers have usually changed some price. */
export const STALE_AFTER_DAYS = 45;

/** A price table that is too old to be trusted without a look. */
export interface StalePriceWarning {
  readonly ageDays: number;
  readonly message: string;
}

/**
 * Whether a price table of the day `asOf` (`YYYY-MM-DD`) is too old at `nowMs`, and what to do then; `undefined` while
 * it is at most `afterDays` old. A day that cannot be read is as old as can be: its prices are of an unknown day.
 *
 * @example
 * stalePriceWarning('2026-09-23', Date.parse('2026-12-24'))?.ageDays; // 92
 */
export function stalePriceWarning(
  asOf: string,
  nowMs: number,
  afterDays: number = STALE_AFTER_DAYS,
): StalePriceWarning | undefined {
  const asOfMs = Date.parse(`${asOf}T00:00:00Z`);
  const ageDays = Number.isNaN(asOfMs) ? Number.POSITIVE_INFINITY : Math.floor((nowMs - asOfMs) / MS_PER_DAY);
  if (ageDays <= afterDays) return undefined;
  const age = Number.isFinite(ageDays) ? `${ageDays} days old (of ${asOf})` : `of an unknown day ('${asOf}')`;
  return {
    ageDays,
    message: `The price table is ${age}. List prices mostly fall, so costs are likely booked too high; a price that has risen is booked too low, and a budget would let more through than its cap. Upgrade tokenguard, call await prices.refresh(), or give the prices you pay with prices.register(model, { input, output })`,
  };
}
