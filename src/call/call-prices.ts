import { type Engine, findPrice } from '../engine.js';
import { UnpricedModelError } from '../errors.js';
import type { Price } from '../pricing/price.js';
import { stalePriceWarning } from '../pricing/stale.js';
import { StalePriceTableWarning, UnpricedModelWarning } from '../warnings.js';
import type { Call } from './call.js';

/**
 * The price of `model` for a call; `undefined` where it has none and no budget minds.
 *
 * @throws UnpricedModelError where a budget does.
 */
export function priceOrRefuse(engine: Engine, model: string, call: Call): Price | undefined {
  const price = findPrice(engine, model, call);
  if (price !== undefined) {
    if (call.runs.some((run) => run.spec.caps.usd !== undefined)) checkAge(engine, call, price);
    return price;
  }
  const capped = call.runs.filter((run) => run.spec.caps.usd !== undefined);
  // A budget that sends another model than the caller asked for has to know that it is cheaper.
  const isRewrite = model !== call.request.model;
  const refuses = capped.some(({ spec }) => {
    if (spec.isShadow) return false;
    const ifUnsaid = spec.enforces || isRewrite ? 'refuse' : 'warn';
    return (spec.onUnpriced ?? engine.settings.onUnpriced ?? ifUnsaid) === 'refuse';
  });
  if (refuses || (capped.length === 0 && call.runs.length === 0 && engine.settings.onUnpriced === 'refuse')) {
    throw new UnpricedModelError({ model, provider: call.provider });
  }
  if (capped.length > 0) engine.warnOnce(`unpriced:${model}`, () => new UnpricedModelWarning(model));
  return undefined;
}

/** Prices of another day may be too low: says so once, or refuses where that was asked for. */
function checkAge(engine: Engine, call: Call, price: Price): void {
  const { onStalePrices, stalePricesAfterDays } = engine.settings;
  if (onStalePrices === 'ignore') return;
  const stale = stalenessOf(engine, price.asOf, stalePricesAfterDays);
  if (stale === undefined) return;
  if (onStalePrices === 'refuse' && call.runs.some(({ spec }) => spec.enforces && spec.caps.usd !== undefined)) {
    throw new UnpricedModelError({ model: price.model, staleReason: stale.message });
  }
  engine.warnOnce(`stale:${price.asOf}`, () => {
    engine.events.emit('stale_prices', { asOf: price.asOf, ageDays: stale.ageDays });
    return new StalePriceTableWarning(stale.message);
  });
}

const MS_PER_DAY = 86_400_000;

/** Looked at once a day for each day of prices: the text of the warning is not made anew for each call. */
function stalenessOf(engine: Engine, asOf: string, afterDays: number) {
  const nowMs = engine.clock.nowMs();
  const key = `${asOf} ${afterDays} ${Math.floor(nowMs / MS_PER_DAY)}`;
  if (engine.staleness.key !== key) engine.staleness = { key, warning: stalePriceWarning(asOf, nowMs, afterDays) };
  return engine.staleness.warning;
}
