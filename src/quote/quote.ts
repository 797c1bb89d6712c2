import { addPico, MAX_AMOUNT, multiplyPico, picoToNano } from '../money.js';
import { type WorstRates, worstRates } from '../pricing/cost.js';
import { TRANSCRIPT_TOKENS_PER_SECOND, UNKNOWN_OUTPUT_TOKENS } from '../pricing/piece-cost.js';
import type { Price } from '../pricing/price.js';
import type { CallRequest } from '../wire/wire.js';
import { hostedFeesPico } from './hosted-fees.js';

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
  const unpriced = price && untokenedOutput(request, price);
  if (unpriced !== undefined) return { tokens: unpriced, source: 'model' };
  return { tokens: UNKNOWN_OUTPUT_TOKENS, source: 'unknown' };
}

/** The tokens of an answer that is billed by the piece alone; `undefined` for any other. */
function untokenedOutput(request: CallRequest, price: Price): number | undefined {
  if (worstRates(price, { inputTokens: MAX_AMOUNT, audioOutput: true }).outputPicoUsd > 0) return undefined;
  if (request.maxAudioSeconds !== undefined && price.perAudioSecond !== undefined) {
    return Math.min(audioSeconds(request, price) * TRANSCRIPT_TOKENS_PER_SECOND, MAX_AMOUNT);
  }
  return request.maxImages !== undefined && price.perImage !== undefined ? 0 : undefined;
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
  return addPico(tokens, addPico(piecesPico(input.request, price), hostedFeesPico(input.request.hostedTools, price)));
}

/** What is sold by the piece: images, and audio by its length. */
function piecesPico(request: CallRequest, price: Price): number | bigint {
  const images = multiplyPico(request.maxImages ?? 0, price.perImage ?? 0);
  return addPico(images, multiplyPico(audioSeconds(request, price), price.perAudioSecond ?? 0));
}

function audioSeconds({ maxAudioSeconds }: CallRequest, price: Price): number {
  if (maxAudioSeconds === undefined) return 0;
  return Math.max(Math.min(maxAudioSeconds, price.maxAudioSeconds ?? MAX_AMOUNT), price.minAudioSeconds ?? 0);
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
