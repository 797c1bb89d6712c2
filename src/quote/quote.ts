import { addPico, MAX_AMOUNT, multiplyPico, picoToNano } from '../money.js';
import { type WorstRates, worstRates } from '../pricing/cost.js';
import type { Price } from '../pricing/price.js';
import type { CallRequest, HostedTools } from '../wire/wire.js';

/** Where the output bound of a quote comes from. */
export type OutputSource = 'caller' | 'ceiling' | 'model' | 'unknown';

/** The most one attempt can consume. */
export interface Quote {
  readonly inputTokens: number;
  /** For all choices together. */
  readonly outputTokens: number;
  readonly outputSource: OutputSource;
  /** 0 where the model has no price. */
  readonly costNanoUsd: number;
}

/** What a quote is made from. */
export interface QuoteInput {
  readonly request: CallRequest;
  readonly price: Price | undefined;
  readonly inputTokens: number;
  readonly hasAudio: boolean;
  /** An output ceiling a budget adds, for one choice. */
  readonly ceilingTokens?: number;
  /** How much more than its bound this model was once billed; 1 for a model that keeps to it. */
  readonly headroom: number;
}

/** Stands for the output of a model whose maximum nobody knows, where a budget admits the call all the same. */
const UNKNOWN_OUTPUT_TOKENS = 1_000_000;

// The dearest hosted web search on any price list (OpenAI, search preview models with high context): 50 USD a thousand.
const DEAREST_WEB_SEARCH_PICO_USD = 50_000_000_000;
// The one fee for a hosted file search that price lists have (OpenAI): 2.50 USD a thousand.
const DEAREST_FILE_SEARCH_PICO_USD = 2_500_000_000;

/** The upper bound of one attempt: input and output bounds at the dearest rates the call could be charged. */
export function quoteCall(input: QuoteInput): Quote {
  const { request, price } = input;
  const output = outputBound(input);
  const outputTokens = Math.min(Math.ceil(output.tokens * request.choices * input.headroom), MAX_AMOUNT);
  const costNanoUsd = price ? picoToNano(worstCostPico(input, price, outputTokens)) : 0;
  return { inputTokens: input.inputTokens, outputTokens, outputSource: output.source, costNanoUsd };
}

function outputBound({ request, price, ceilingTokens }: QuoteInput): { tokens: number; source: OutputSource } {
  const caller = request.maxOutputTokens;
  if (ceilingTokens !== undefined && (caller === undefined || ceilingTokens < caller)) {
    return { tokens: ceilingTokens, source: 'ceiling' };
  }
  if (caller !== undefined) return { tokens: caller, source: 'caller' };
  if (price?.maxOutputTokens !== undefined) return { tokens: price.maxOutputTokens, source: 'model' };
  return { tokens: UNKNOWN_OUTPUT_TOKENS, source: 'unknown' };
}

function ratesOf({ request, hasAudio, inputTokens }: QuoteInput, price: Price): WorstRates {
  return worstRates(price, {
    inputTokens,
    audioInput: hasAudio,
    audioOutput: price.audioOutput !== undefined,
    ...(request.serviceTier !== undefined && { serviceTier: request.serviceTier }),
  });
}

function worstCostPico(input: QuoteInput, price: Price, outputTokens: number): number | bigint {
  const rates = ratesOf(input, price);
  return addPico(inputCostPico(input, price, rates), multiplyPico(outputTokens, rates.outputPicoUsd));
}

function inputCostPico(input: QuoteInput, price: Price, rates: WorstRates): number | bigint {
  const tokens = addPico(multiplyPico(input.inputTokens, rates.inputPicoUsd), price.request ?? 0);
  return addPico(tokens, searchFeesPico(input.request.hostedTools, price));
}

/** All searches of an answer share one limit, so at worst every one of them is of the dearer kind. */
function searchFeesPico(tools: HostedTools | undefined, price: Price): number | bigint {
  const web = multiplyPico(tools?.maxWebSearches ?? 0, price.webSearch ?? DEAREST_WEB_SEARCH_PICO_USD);
  const files = multiplyPico(tools?.maxFileSearches ?? 0, price.fileSearch ?? DEAREST_FILE_SEARCH_PICO_USD);
  // Not Math.max: large fees are bigints.
  if (files > web) return files;
  return web;
}

/**
 * The largest output ceiling for one choice whose worst case costs at most `roomNanoUsd`; negative when the input alone
 * costs more, `MAX_AMOUNT` when output is free.
 */
export function ceilingForUsd(input: QuoteInput, price: Price, roomNanoUsd: number): number {
  const rates = ratesOf(input, price);
  const rate = rates.outputPicoUsd;
  const room = BigInt(roomNanoUsd) * 1000n - BigInt(inputCostPico(input, price, rates));
  if (room < 0n) return -1;
  if (rate === 0) return MAX_AMOUNT;
  const tokens = room / (BigInt(rate) * BigInt(input.request.choices));
  return tokens > BigInt(MAX_AMOUNT) ? MAX_AMOUNT : Math.floor(Number(tokens) / input.headroom);
}

/** The largest output ceiling for one choice that keeps input and output within `roomTokens`; negative when none does. */
export function ceilingForTokens(input: QuoteInput, roomTokens: number): number {
  return Math.floor((roomTokens - input.inputTokens) / (input.request.choices * input.headroom));
}
