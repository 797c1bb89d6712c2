import { addPico, picoToNano } from '../money.js';
import { costOf } from '../pricing/cost.js';
import type { Cost, CostItem, Price } from '../pricing/price.js';
import type { CostBasis } from '../sink/sink.js';
import { type Usage, validUsage } from '../usage/usage.js';
import type { ResponseReading, SideRound } from '../wire/wire.js';

/** What an answer that told its usage costs. */
export interface Bill {
  /** Of all models that worked on it. */
  readonly usage: Usage;
  readonly cost: Cost;
  readonly basis: CostBasis;
  /** The price of the model that answered. */
  readonly price: Price | undefined;
}

const NO_USAGE: Usage = Object.freeze({ inputTokens: 0, outputTokens: 0 });

/**
 * The bill of an answer; `undefined` where it tells no usage, or one that cannot be true. A cost the provider tells
 * itself beats the price table. What other models did on the side is billed at their own rates.
 */
export function makeBill(
  reading: ResponseReading,
  priceOf: (servedModel: string | undefined) => Price | undefined,
): Bill | undefined {
  const { reportedCostPicoUsd: reported, servedModel, serviceTier } = reading;
  const usage = validUsage(reading.usage ?? (reported === undefined ? undefined : NO_USAGE));
  if (usage === undefined) return undefined;
  const price = priceOf(servedModel);
  const main = price ? costOf(usage, price, serviceTier === undefined ? {} : { serviceTier }).items : [];
  const bill = addSideRounds({ usage, items: main }, reading.sideRounds ?? [], priceOf);
  if (bill === undefined) return undefined;
  if (reported !== undefined) {
    const item = { kind: 'reported', quantity: 1, costPicoUsd: reported } as const;
    return { usage: bill.usage, cost: costOfItems([item]), basis: 'reported', price };
  }
  return {
    usage: bill.usage,
    cost: costOfItems(bill.items),
    basis: price === undefined ? 'unpriced' : 'priced',
    price,
  };
}

function addSideRounds(
  main: { readonly usage: Usage; readonly items: readonly CostItem[] },
  rounds: readonly SideRound[],
  priceOf: (servedModel: string) => Price | undefined,
): typeof main | undefined {
  if (rounds.length === 0) return main;
  let { inputTokens, outputTokens } = main.usage;
  const items = [...main.items];
  for (const round of rounds) {
    const usage = validUsage(round.usage);
    const price = priceOf(round.model);
    // A part nobody can price makes the whole unknown: the hold is charged rather than a part left out.
    if (usage === undefined || price === undefined) return undefined;
    inputTokens += usage.inputTokens;
    outputTokens += usage.outputTokens;
    items.push(...costOf(usage, price).items);
  }
  return { usage: { ...main.usage, inputTokens, outputTokens }, items };
}

function costOfItems(items: readonly CostItem[]): Cost {
  return {
    items,
    costNanoUsd: picoToNano(items.reduce<number | bigint>((sum, item) => addPico(sum, item.costPicoUsd), 0)),
  };
}
