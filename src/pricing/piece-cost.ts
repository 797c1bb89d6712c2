import { addPico, multiplyPico } from '../money.js';
import type { Usage } from '../usage/usage.js';
import type { WorstRates } from './cost.js';
import type { CostItem, Price } from './price.js';

/** Stands for the output of a model whose maximum nobody knows. */
export const UNKNOWN_OUTPUT_TOKENS = 1_000_000;

/** The most tokens a second of audio becomes: OpenAI's speech comes to seventeen, Google's audio to 32. */
const AUDIO_TOKENS_PER_SECOND = 32;
/** The most text a second of speech becomes: Whisper writes at most 448 tokens for each 30 seconds. */
export const TRANSCRIPT_TOKENS_PER_SECOND = 15;

/** What a call is billed by the piece, one line for each kind, at whatever tier it was served. */
export function pieceItems(usage: Usage, price: Price, worstRates: () => WorstRates): CostItem[] {
  const seconds = usage.audioSeconds ?? 0;
  const billedSeconds = seconds === 0 ? 0 : Math.max(seconds, price.minAudioSeconds ?? 0);
  const pieces: readonly (readonly [CostItem['kind'], number | undefined, number | undefined])[] = [
    ['web_search', usage.webSearchRequests, price.webSearch],
    ['file_search', usage.fileSearchRequests, price.fileSearch],
    ['code_session', usage.codeSessions, price.codeSession],
    ['image', usage.images, price.perImage],
    ['audio_duration', billedSeconds, price.perAudioSecond],
    ['request', 1, price.request],
  ];
  const items: CostItem[] = [];
  for (const [kind, quantity, rate] of pieces) {
    if (quantity === undefined || quantity === 0 || rate === undefined) continue;
    items.push({ kind, quantity, ratePicoUsd: rate, costPicoUsd: multiplyPico(quantity, rate) });
  }
  const presumed = presumedPico(usage, price, worstRates);
  if (presumed !== undefined) items.push({ kind: 'presumed', quantity: 1, costPicoUsd: presumed });
  return items;
}

/**
 * What is charged for an answer that tells another unit than its model is priced in: the most that can be. Without it the
 * answer would be free.
 */
function presumedPico(usage: Usage, price: Price, worstRates: () => WorstRates): number | bigint | undefined {
  const tokens = usage.inputTokens + usage.outputTokens;
  if (tokens > 0 && usage.audioSeconds === undefined && price.perAudioSecond !== undefined) {
    // Told in tokens, sold by its length alone: no token lasts longer than a second.
    return price.input + price.output === 0 ? multiplyPico(tokens, price.perAudioSecond) : undefined;
  }
  const images = tokens === 0 && price.perImage === undefined ? (usage.images ?? 0) : 0;
  const seconds = price.perAudioSecond === undefined ? (usage.audioSeconds ?? 0) : 0;
  if (images + seconds === 0) return undefined;
  const { inputPicoUsd, outputPicoUsd } = worstRates();
  const ofImages = multiplyPico(images * (price.maxOutputTokens ?? UNKNOWN_OUTPUT_TOKENS), outputPicoUsd);
  const heard = multiplyPico(seconds * AUDIO_TOKENS_PER_SECOND, inputPicoUsd);
  const written = multiplyPico(seconds * TRANSCRIPT_TOKENS_PER_SECOND, outputPicoUsd);
  return addPico(ofImages, addPico(heard, written));
}
