import { addPico, multiplyPico, picoToNano } from '../money.js';
import type { Usage } from '../usage/usage.js';
import { pieceItems } from './piece-cost.js';
import type { Cost, CostItem, LongContextRates, Price, Rates } from './price.js';

/** Ratios of a service tier where a price names none: OpenAI's flex and batch, the dearest priority and fast on any list. */
const DEFAULT_RATIOS = { flex: 0.5, batch: 0.5, priority: 2.5, fast: 6 } as const;

/** Ratios have at most six digits after the point. */
const RATIO_SCALE = 1_000_000;

type Tier = keyof typeof DEFAULT_RATIOS;
type Part = readonly [kind: CostItem['kind'], quantity: number, ratePicoUsd: number];

/**
 * What `usage` costs at `price`, item by item, exact; the sum is rounded up once to nano-dollars.
 *
 * Totals include their parts, so cached, audio and image tokens are taken out of input, and audio and image tokens out of
 * output. What is sold by the piece has a line of its own, without regard to the tier. Once the input passes a long-context threshold, its rates hold for the whole request. `serviceTier` is the tier that was served.
 *
 * @example
 * costOf({ inputTokens: 1000, outputTokens: 500 }, price).costNanoUsd; // 7_500_000 at $2.50 and $10 a million
 */
export function costOf(usage: Usage, price: Price, options: { readonly serviceTier?: string } = {}): Cost {
  const { serviceTier } = options;
  const rates = ratesFor(price, usage.inputTokens);
  const ratio = tierRatio(price, serviceTier);
  const items: CostItem[] = [];
  for (const [kind, quantity, rate] of [...inputParts(usage, rates), ...outputParts(usage, rates)]) {
    if (quantity > 0) items.push(itemOf(kind, quantity, scaled(rate, ratio)));
  }
  const worst = () => worstRates(price, { inputTokens: 0, audioInput: true, audioOutput: true });
  items.push(...pieceItems(usage, price, worst));
  const total = items.reduce<number | bigint>((sum, item) => addPico(sum, item.costPicoUsd), 0);
  return { items, costNanoUsd: picoToNano(total) };
}

function inputParts(usage: Usage, rates: Rates): readonly Part[] {
  const cacheRead = usage.cacheReadInputTokens ?? 0;
  const cacheWrite = usage.cacheWriteInputTokens ?? 0;
  const cacheWrite1h = usage.cacheWrite1hInputTokens ?? 0;
  const plain = Math.max(0, usage.inputTokens - cacheRead - cacheWrite - cacheWrite1h);
  // Audio and images that were read from a cache are counted as cached already.
  const audio = Math.min(usage.audioInputTokens ?? 0, plain);
  const image = Math.min(usage.imageInputTokens ?? 0, plain - audio);
  const textRate = usage.imageInputTokens === undefined ? plainRates(rates).input : rates.input;
  const cacheWriteRate = rates.cacheWrite ?? rates.input;
  return [
    ['input', plain - audio - image, textRate],
    ['audio_input', audio, rates.audioInput ?? rates.input],
    ['image_input', image, rates.imageInput ?? rates.input],
    ['cache_read', cacheRead, rates.cacheRead ?? rates.input],
    ['cache_write', cacheWrite, cacheWriteRate],
    ['cache_write_1h', cacheWrite1h, rates.cacheWrite1h ?? cacheWriteRate],
  ];
}

function outputParts(usage: Usage, rates: Rates): readonly Part[] {
  const audio = usage.audioOutputTokens ?? 0;
  const image = Math.min(usage.imageOutputTokens ?? 0, usage.outputTokens - audio);
  const textRate = usage.imageOutputTokens === undefined ? plainRates(rates).output : rates.output;
  return [
    ['output', usage.outputTokens - audio - image, textRate],
    ['audio_output', audio, rates.audioOutput ?? rates.output],
    ['image_output', image, rates.imageOutput ?? rates.output],
  ];
}

/** What the dearest token of a call can cost, in pico-dollars. */
export interface WorstRates {
  readonly inputPicoUsd: number;
  readonly outputPicoUsd: number;
}

/** What bounds the rates of a call. */
export interface WorstRatesQuery {
  /** The most input the call can have. */
  readonly inputTokens: number;
  /** The tier that was asked for; a cheaper one never lowers the bound, because the provider may serve another. */
  readonly serviceTier?: string;
  readonly audioInput?: boolean;
  readonly audioOutput?: boolean;
}

/** The dearest rates a call could be charged: nothing it may turn out to be costs more. Cached reads never lower them. */
export function worstRates(price: Price, query: WorstRatesQuery): WorstRates {
  const reachable = [price, ...(price.longContext ?? []).filter((tier) => query.inputTokens > tier.aboveInputTokens)];
  const ratio = Math.max(1, tierRatio(price, query.serviceTier));
  let input = 0;
  let output = 0;
  for (const rates of reachable) {
    const plainRate = plainRates(rates);
    const audioInput = query.audioInput ? (rates.audioInput ?? 0) : 0;
    const audioOutput = query.audioOutput ? (rates.audioOutput ?? 0) : 0;
    input = Math.max(
      input,
      plainRate.input,
      rates.cacheRead ?? 0,
      rates.cacheWrite ?? 0,
      rates.cacheWrite1h ?? 0,
      audioInput,
    );
    output = Math.max(output, plainRate.output, audioOutput);
  }
  return { inputPicoUsd: scaled(input, ratio), outputPicoUsd: scaled(output, ratio) };
}

function ratesFor(price: Price, inputTokens: number): Rates {
  let rates: Rates = price;
  for (const tier of (price.longContext ?? []) as readonly LongContextRates[]) {
    if (inputTokens > tier.aboveInputTokens) rates = tier;
  }
  return rates;
}

function tierRatio(price: Price, serviceTier: string | undefined): number {
  if (serviceTier === undefined || !Object.hasOwn(DEFAULT_RATIOS, serviceTier)) return 1;
  const tier = serviceTier as Tier;
  return price.tiers?.[tier] ?? DEFAULT_RATIOS[tier];
}

/** The rate times the ratio, rounded up to pico-dollars: in integers, because a float may miss 3.3 by a hair and round up. */
function scaled(ratePicoUsd: number, ratio: number): number {
  if (ratio === 1) return ratePicoUsd;
  const product = BigInt(ratePicoUsd) * BigInt(Math.round(ratio * RATIO_SCALE));
  return Number((product + BigInt(RATIO_SCALE) - 1n) / BigInt(RATIO_SCALE));
}

/**
 * What a token costs of which nobody told whether it was text or an image: the dearer rate.
 */
function plainRates(rates: Rates): { readonly input: number; readonly output: number } {
  return {
    input: Math.max(rates.input, rates.imageInput ?? 0),
    output: Math.max(rates.output, rates.imageOutput ?? 0),
  };
}

function itemOf(kind: CostItem['kind'], quantity: number, ratePicoUsd: number): CostItem {
  return { kind, quantity, ratePicoUsd, costPicoUsd: multiplyPico(quantity, ratePicoUsd) };
}
