import { isAmount } from '../money.js';

/**
 * What one call consumed, in tokens, by the names of OpenTelemetry's GenAI usage attributes.
 * **Totals include their parts**: `inputTokens` counts cached, audio and image input too, `outputTokens` counts
 * reasoning and rejected predictions.
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
  /** Part of `inputTokens` that was images; absent: nobody told. */
  readonly imageInputTokens?: number;
  /** Part of `outputTokens` spent on reasoning, visible or hidden. */
  readonly reasoningOutputTokens?: number;
  /** Part of `outputTokens` that was audio. */
  readonly audioOutputTokens?: number;
  /** Part of `outputTokens` that was images; absent: nobody told. */
  readonly imageOutputTokens?: number;
  /** Part of `outputTokens` that the caller had predicted. */
  readonly acceptedPredictionOutputTokens?: number;
  /** Part of `outputTokens` that the caller had predicted and that the answer does not have. */
  readonly rejectedPredictionOutputTokens?: number;
  /** Hosted web searches the provider ran and bills by the piece. */
  readonly webSearchRequests?: number;
  /** Hosted searches of stored files the provider ran and bills by the piece. */
  readonly fileSearchRequests?: number;
  /** Containers the provider opened to run code, in sessions of 1 GB: one of 4 GB counts as four. */
  readonly codeSessions?: number;
  /** Images the provider made. */
  readonly images?: number;
  /** Seconds of audio that are billed by their length, begun ones included. */
  readonly audioSeconds?: number;
}

/** All counts of a `Usage`, for loops over them. */
export const USAGE_FIELDS = [
  'inputTokens',
  'outputTokens',
  'cacheReadInputTokens',
  'cacheWriteInputTokens',
  'cacheWrite1hInputTokens',
  'audioInputTokens',
  'imageInputTokens',
  'reasoningOutputTokens',
  'audioOutputTokens',
  'imageOutputTokens',
  'acceptedPredictionOutputTokens',
  'rejectedPredictionOutputTokens',
  'webSearchRequests',
  'fileSearchRequests',
  'codeSessions',
  'images',
  'audioSeconds',
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
  const { inputTokens, outputTokens, acceptedPredictionOutputTokens, rejectedPredictionOutputTokens } = usage;
  const ofInput = [
    (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0) + (usage.cacheWrite1hInputTokens ?? 0),
    (usage.audioInputTokens ?? 0) + (usage.imageInputTokens ?? 0),
  ];
  const ofOutput = [
    usage.reasoningOutputTokens ?? 0,
    (usage.audioOutputTokens ?? 0) + (usage.imageOutputTokens ?? 0),
    (acceptedPredictionOutputTokens ?? 0) + (rejectedPredictionOutputTokens ?? 0),
  ];
  if (ofInput.some((part) => part > inputTokens) || ofOutput.some((part) => part > outputTokens)) return undefined;
  return isAmount(usage.inputTokens + usage.outputTokens) ? usage : undefined;
}
