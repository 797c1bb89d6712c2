import { isAmount } from '../money.js';
import { asObject } from './json.js';
import type { JsonObject } from './wire.js';

const PICO_PER_USD = 1e12;
const PICO_PER_TICK = 100;

/**
 * The cost that a provider put into its own usage, in pico-dollars, rounded up; `undefined` where there is none.
 *
 * Sources: OpenRouter's `cost` in US dollars (openrouter.ai/docs, usage accounting) and xAI's `cost_in_usd_ticks`, where
 * one tick is 1e-10 US dollars (xAI's API reference; its recorded bodies agree with its price list).
 */
export function reportedCostPicoUsd(usage: JsonObject): number | undefined {
  if (isAmount(usage.cost_in_usd_ticks)) return amount(usage.cost_in_usd_ticks * PICO_PER_TICK);
  const cost = usdToPico(usage.cost);
  // With the caller's own provider key, OpenRouter's `cost` is its fee alone; the provider's bill stands beside it.
  if (cost === undefined || usage.is_byok !== true) return cost;
  const upstream = usdToPico(asObject(usage.cost_details)?.upstream_inference_cost);
  return upstream === undefined ? undefined : amount(cost + upstream);
}

function usdToPico(usd: unknown): number | undefined {
  if (typeof usd !== 'number' || !(usd >= 0)) return undefined;
  const scaled = usd * PICO_PER_USD;
  const nearest = Math.round(scaled);
  // A product that misses an integer only by floating-point noise is that integer.
  return amount(Math.abs(scaled - nearest) <= scaled * 2 ** -50 ? nearest : Math.ceil(scaled));
}

function amount(pico: number): number | undefined {
  return isAmount(pico) ? pico : undefined;
}
