import type { Unit } from '../ledger/ledger.js';
import { MAX_AMOUNT } from '../money.js';
import { ceilingForTokens, ceilingForUsd, type QuoteInput } from './quote.js';

/** What a budget has left in one unit, for a ceiling. */
export interface Room {
  readonly unit: Unit;
  readonly amount: number;
}

const LEAST_GENEROUS_CEILING = 4096;

/** The largest ceiling for one choice that fits every room; negative when none does. */
export function ceilingThatFits(input: QuoteInput, rooms: readonly Room[]): number {
  let ceiling = MAX_AMOUNT;
  for (const room of rooms) {
    if (room.unit === 'usd' && input.price) ceiling = Math.min(ceiling, ceilingForUsd(input, input.price, room.amount));
    if (room.unit === 'tokens') ceiling = Math.min(ceiling, ceilingForTokens(input, room.amount));
  }
  return ceiling;
}

/**
 * The ceiling for a call that has none, where the model's maximum does not fit: generous, so that an ordinary answer is
 * not cut short, and a share of the rest, so that one call does not take it all.
 *
 * `rooms` is what is not spent, in each capped unit; `reasoningReserve` is room for thinking nobody sees. Returns
 * `undefined` when fewer than `outputReserve` tokens fit.
 */
export function injectedCeiling(
  input: QuoteInput,
  rooms: readonly Room[],
  { outputReserve, reasoningReserve }: { readonly outputReserve: number; readonly reasoningReserve: number },
): number | undefined {
  const most = Math.min(
    ceilingThatFits(input, rooms),
    input.price?.maxOutputTokens ?? input.price?.contextTokens ?? MAX_AMOUNT,
  );
  const least = Math.max(outputReserve, input.request.minOutputTokens);
  if (most < least) return undefined;
  const quarter = ceilingThatFits(
    { ...input, inputTokens: 0 },
    rooms.map((room) => ({ unit: room.unit, amount: Math.floor(room.amount / 4) })),
  );
  return Math.min(most, Math.max(LEAST_GENEROUS_CEILING, quarter, least) + reasoningReserve);
}
