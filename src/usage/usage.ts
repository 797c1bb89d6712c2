import { isAmount } from '../money.js';

/**
 * What one call consumed, in tokens, by the names of OpenTelemetry's GenAI usage attributes.
 * **Totals include their parts**: `inputTokens` counts cached and audio input too, `outputTokens` counts reasoning.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Part of `inputTokens` that was read from a prompt cache. */
  readonly cacheReadInputTokens?: number;
  /** Part of `inputTokens` written to a prompt cache that lives five minutes (or the provider's default). */
  readonly cacheWriteInputTokens?: number;
  /** Part of `inputTokens` written to a prompt cache that lives one hour. */
  readonly cacheWrite1hInputTokens?: number;
  /** Part of `inputTokens` that was audio. */
  readonly audioInputTokens?: number;
  /** Part of `outputTokens` spent on reasoning, visible or hidden. */
  readonly reasoningOutputTokens?: number;
  /** Part of `outputTokens` that was audio. */
  readonly audioOutputTokens?: number;
  /** Hosted web searches the provider ran and bills by the piece. */
  readonly webSearchRequests?: number;
  /** Hosted searches of stored files the provider ran and bills by the piece. */
  readonly fileSearchRequests?: number;
}

/** All counts of a `Usage`, for loops over them. */
export const USAGE_FIELDS = [
  'inputTokens',
  'outputTokens',
  'cacheReadInputTokens',
  'cacheWriteInputTokens',
  'cacheWrite1hInputTokens',
  'audioInputTokens',
  'reasoningOutputTokens',
  'audioOutputTokens',
  'webSearchRequests',
  'fileSearchRequests',
] as const satisfies readonly (keyof Usage)[];

/**
 * Returns `usage` when every count in it is a whole number from 0 to 2^53−1 and no part exceeds its total;
 * otherwise `undefined`: usage that lies is unknown usage, and an unknown outcome charges its hold.
 */
export function validUsage(usage: Usage | undefined): Usage | undefined {
  if (usage === undefined) return undefined;
  for (const field of USAGE_FIELDS) {
    const count: unknown = usage[field];
    if (count === undefined ? field === 'inputTokens' || field === 'outputTokens' : !isAmount(count)) return undefined;
  }
  const cached =
    (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0) + (usage.cacheWrite1hInputTokens ?? 0);
  if (cached > usage.inputTokens || (usage.reasoningOutputTokens ?? 0) > usage.outputTokens) return undefined;
  if ((usage.audioInputTokens ?? 0) > usage.inputTokens || (usage.audioOutputTokens ?? 0) > usage.outputTokens) {
    return undefined;
  }
  return isAmount(usage.inputTokens + usage.outputTokens) ? usage : undefined;
}
