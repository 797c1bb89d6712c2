import type { Usage } from '../usage/usage.js';
import { asObject } from './json.js';
import { makeUsage, rawCount } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/**
 * What a Cohere `usage` says of the bill. `billed_units` is the bill: it leaves out what Cohere itself added to the
 * prompt, which `tokens` counts too. Cached tokens are a part of `tokens` and lie outside the billed ones.
 */
export function readCohereBill(value: unknown): ResponseReading {
  const usage = asObject(value) ?? {};
  const bill =
    readCounts(asObject(usage.billed_units), undefined) ?? readCounts(asObject(usage.tokens), usage.cached_tokens);
  return bill === undefined ? {} : { usage: bill };
}

function readCounts(counts: JsonObject | undefined, cached: unknown): Usage | undefined {
  const input = rawCount(counts?.input_tokens);
  const output = rawCount(counts?.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  return makeUsage(input, output, {
    cacheReadInputTokens: rawCount(cached),
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: undefined,
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
  });
}
