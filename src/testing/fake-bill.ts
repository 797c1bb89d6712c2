import { ConfigError } from '../errors.js';

/** Rates in US dollars per million tokens, as numbers or exact decimal strings. */
export interface FakeRates {
  readonly input: number | string;
  readonly output: number | string;
  /** For input read from a cache. Default: the input rate. */
  readonly cacheRead?: number | string;
  /** For input written to a cache. Default: the input rate. */
  readonly cacheWrite?: number | string;
}

/** The rates of a model, and other rates for the service tiers it has. */
export interface FakePrice extends FakeRates {
  readonly tiers?: Readonly<Record<string, FakeRates>>;
}

/** Tokens of one bill. Totals include their parts. */
export interface FakeUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
}

/** The sum of all bills. */
export interface FakeBilled {
  /** The sum of the bills of the requests, each rounded up to a whole nano-dollar. */
  readonly nanoUsd: bigint;
  /** The exact sum of US dollars, as a decimal without trailing zeros; nothing is rounded. */
  readonly usd: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Requests that were billed. */
  readonly calls: number;
}

/** What models cost where the options do not say. */
export const FAKE_PRICES: Readonly<Record<string, FakePrice>> = Object.freeze({
  'gpt-4o': { input: 2.5, output: 10, cacheRead: 1.25 },
  'gpt-4o-mini': { input: 0.15, output: 0.6, cacheRead: 0.075 },
  'gpt-4.1': { input: 2, output: 8, cacheRead: 0.5 },
  'gpt-4.1-mini': { input: 0.4, output: 1.6, cacheRead: 0.1 },
  'o4-mini': { input: 1.1, output: 4.4, cacheRead: 0.275 },
  'claude-sonnet-4-5': { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  'claude-sonnet-4-6': { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
  'claude-haiku-4-5': { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25 },
});

/** A running bill. */
export interface FakeBill {
  /** Adds one bill; returns it in nano-dollars, rounded up. */
  charge(model: string, tier: string | undefined, usage: FakeUsage): bigint;
  total(): FakeBilled;
  reset(): void;
}

const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,2}))?$/i;
const FEMTO_DIGITS = 15;
const FEMTO_PER_NANO = 1_000_000n;

/** Rates in femto-dollars (1e-15 USD) per token. */
interface FemtoRates {
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite: bigint;
}

interface FemtoPrice extends FemtoRates {
  readonly tiers: ReadonlyMap<string, FemtoRates>;
}

/**
 * Keeps a bill in whole femto-dollars (1e-15 USD): fine enough that a rate of nine decimals needs no rounding.
 * It shares no code with the package's own pricing, because it is what that pricing is checked against.
 */
export function createFakeBill(prices: Readonly<Record<string, FakePrice>>, defaultPrice: FakePrice): FakeBill {
  const listed = Object.entries({ ...FAKE_PRICES, ...prices });
  const table = new Map(listed.map(([model, price]) => [model, readPrice(price, `prices.${model}`)]));
  const unlisted = readPrice(defaultPrice, 'defaultPrice');
  let femtoUsd = 0n;
  let nanoUsd = 0n;
  let inputTokens = 0;
  let outputTokens = 0;
  let calls = 0;
  return {
    charge(model, tier, usage) {
      const price = table.get(model) ?? unlisted;
      const cost = costFemtoUsd((tier === undefined ? undefined : price.tiers.get(tier)) ?? price, usage);
      const rounded = (cost + FEMTO_PER_NANO - 1n) / FEMTO_PER_NANO;
      femtoUsd += cost;
      nanoUsd += rounded;
      inputTokens += usage.inputTokens;
      outputTokens += usage.outputTokens;
      calls += 1;
      return rounded;
    },
    total: () => ({ nanoUsd, usd: formatFemtoUsd(femtoUsd), inputTokens, outputTokens, calls }),
    reset() {
      femtoUsd = 0n;
      nanoUsd = 0n;
      inputTokens = 0;
      outputTokens = 0;
      calls = 0;
    },
  };
}

function costFemtoUsd(rates: FemtoRates, usage: FakeUsage): bigint {
  const plainInputTokens = usage.inputTokens - usage.cachedTokens - usage.cacheWriteTokens;
  return (
    BigInt(plainInputTokens) * rates.input +
    BigInt(usage.cachedTokens) * rates.cacheRead +
    BigInt(usage.cacheWriteTokens) * rates.cacheWrite +
    BigInt(usage.outputTokens) * rates.output
  );
}

function readPrice(price: FakePrice, option: string): FemtoPrice {
  const tiers = Object.entries(price.tiers ?? {});
  return {
    ...readRates(price, option),
    tiers: new Map(tiers.map(([tier, rates]) => [tier, readRates(rates, `${option}.tiers.${tier}`)])),
  };
}

function readRates(rates: FakeRates, option: string): FemtoRates {
  return {
    input: rateFemtoUsd(rates.input, `${option}.input`),
    output: rateFemtoUsd(rates.output, `${option}.output`),
    cacheRead: rateFemtoUsd(rates.cacheRead ?? rates.input, `${option}.cacheRead`),
    cacheWrite: rateFemtoUsd(rates.cacheWrite ?? rates.input, `${option}.cacheWrite`),
  };
}

/** A rate per million tokens as femto-dollars per token: the decimal point moves nine places. */
function rateFemtoUsd(rate: number | string, option: string): bigint {
  const match = DECIMAL.exec(String(rate));
  const fraction = (match?.[2] ?? '').replace(/0+$/, '');
  const places = 9 - fraction.length + Number(match?.[3] ?? 0);
  if (!match || places < 0) {
    throw new ConfigError({
      option,
      value: rate,
      remedy: 'give US dollars per million tokens, 0 or more, with at most nine decimals',
    });
  }
  return BigInt(`${match[1]}${fraction}`) * 10n ** BigInt(places);
}

function formatFemtoUsd(amount: bigint): string {
  const digits = amount.toString().padStart(FEMTO_DIGITS + 1, '0');
  const fraction = digits.slice(-FEMTO_DIGITS).replace(/0+$/, '');
  return `${digits.slice(0, -FEMTO_DIGITS)}${fraction && `.${fraction}`}`;
}
