import { makeBill } from '../../src/call/bill.js';
import { isAmount } from '../../src/money.js';
import { costOf } from '../../src/pricing/cost.js';
import type { Price } from '../../src/pricing/price.js';
import { USAGE_FIELDS, type Usage, validUsage } from '../../src/usage/usage.js';
import type { ResponseReading } from '../../src/wire/wire.js';

/** A price with every rate there is, far apart from one another, and with thresholds a fuzzed count can pass. */
export const EVERY_RATE: Price = {
  model: 'priced',
  provider: 'openai',
  input: 2_500_000,
  output: 10_000_000,
  cacheRead: 3,
  cacheWrite: 3_125_001,
  cacheWrite1h: 5_000_000,
  audioInput: 40_000_000,
  audioOutput: 80_000_000,
  imageInput: 8_000_001,
  imageOutput: 30_000_000,
  longContext: [{ aboveInputTokens: 100, input: 5_000_000, output: 15_000_001 }],
  tiers: { flex: 0.333333, priority: 1.7, fast: 6 },
  webSearch: 10_000_000_000,
  fileSearch: 2_500_000_001,
  codeSession: 30_000_000_001,
  request: 1,
  perImage: 40_000_000_001,
  perAudioSecond: 100_000_001,
  minAudioSeconds: 10,
  source: 'test',
  asOf: '2026-01-01',
};

function demand(isTrue: boolean, what: string, value: unknown): void {
  if (!isTrue) throw new Error(`${what}: ${String(value)}`);
}

function checkUsage(usage: Usage, what: string): void {
  for (const field of USAGE_FIELDS) {
    const count = usage[field];
    demand(count === undefined || isAmount(count), `${what}.${field} is no count`, count);
  }
}

/** Whatever a codec read, what is booked from it is a whole number of nano-dollars and tokens, and never below zero. */
export function checkReading(reading: ResponseReading): void {
  const { reportedCostPicoUsd: reported, serviceTier, servedModel } = reading;
  demand(reported === undefined || isAmount(reported), 'the reported cost is no amount', reported);
  demand(serviceTier === undefined || typeof serviceTier === 'string', 'the tier is no text', serviceTier);
  demand(servedModel === undefined || typeof servedModel === 'string', 'the model is no text', servedModel);
  for (const usage of [reading.usage, ...(reading.sideRounds ?? []).map((round) => round.usage)]) {
    const valid = validUsage(usage);
    if (valid === undefined) continue;
    checkUsage(valid, 'usage');
    const { costNanoUsd, items } = costOf(valid, EVERY_RATE, serviceTier === undefined ? {} : { serviceTier });
    demand(isAmount(costNanoUsd), 'the cost is no amount', costNanoUsd);
    for (const item of items) {
      demand(isAmount(item.quantity), `the quantity of ${item.kind} is no count`, item.quantity);
      demand(item.costPicoUsd >= 0 && BigInt(item.costPicoUsd) >= 0n, `${item.kind} costs less than nothing`, item);
    }
  }
  const bill = makeBill(reading, () => EVERY_RATE);
  if (bill === undefined) return;
  checkUsage(bill.usage, 'billed');
  demand(isAmount(bill.cost.costNanoUsd), 'the bill is no amount', bill.cost.costNanoUsd);
}
