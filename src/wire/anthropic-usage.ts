import type { Usage } from '../usage/usage.js';
import { asArray, asName, asObject } from './json.js';
import { makeUsage, maxCount, rawCount, sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/**
 * The bill in an Anthropic `usage`; `undefined` where the object says nothing of tokens. Anthropic counts input from the
 * cache beside `input_tokens`; the total here includes it.
 */
export function readAnthropicUsage(usage: JsonObject): Usage | undefined {
  const uncached = billed(usage, 'input_tokens');
  const output = billed(usage, 'output_tokens');
  if (uncached === undefined && output === undefined) return undefined;
  const read = billed(usage, 'cache_read_input_tokens');
  const longWrites = billedWrites(usage, 'ephemeral_1h_input_tokens');
  const shortWrites = billedWrites(usage, 'ephemeral_5m_input_tokens');
  const written = billed(usage, 'cache_creation_input_tokens') ?? sumCounts([longWrites, shortWrites]);
  // A stream tells the split at its start and may correct the total at its end: the split cannot exceed the total.
  const longLived = longWrites !== undefined && written !== undefined && longWrites > written ? written : longWrites;
  return makeUsage(uncached === undefined ? undefined : sumCounts([uncached, read, written]), output, {
    cacheReadInputTokens: read,
    cacheWriteInputTokens: longLived === undefined ? written : (written ?? 0) - longLived,
    cacheWrite1hInputTokens: longLived,
    audioInputTokens: undefined,
    reasoningOutputTokens: rawCount(asObject(usage.output_tokens_details)?.thinking_tokens),
    audioOutputTokens: undefined,
    webSearchRequests: rawCount(asObject(usage.server_tool_use)?.web_search_requests),
  });
}

/**
 * A count as it is billed. The top level leaves out whole rounds that ran on the side (compaction, an advisor, a
 * fallback's first attempt), which only `iterations` tells of; where the rounds add up to more, that is the bill.
 *
 * An advisor's round runs on another model, named in its `model`. A `Usage` has room for one model, so its tokens are
 * counted here and priced at the rates of the model that answered: right in tokens, and too low in money where the
 * advisor is the dearer model.
 */
function billed(usage: JsonObject, field: string): number | undefined {
  return highest(usage, (holder) => holder[field]);
}

function billedWrites(usage: JsonObject, field: string): number | undefined {
  return highest(usage, (holder) => asObject(holder.cache_creation)?.[field]);
}

function highest(usage: JsonObject, read: (holder: JsonObject) => unknown): number | undefined {
  const rounds = asArray(usage.iterations).map((round) => rawCount(read(asObject(round) ?? {})));
  return maxCount(rawCount(read(usage)), sumCounts(rounds));
}

/** What an Anthropic message says of its own bill. */
export function readAnthropicBill(model: unknown, usage: JsonObject | undefined, isComplete: boolean): ResponseReading {
  const bill = usage !== undefined && isComplete ? readAnthropicUsage(usage) : undefined;
  const servedModel = asName(model);
  // Fast mode has rates of its own, whatever the tier: it is the tier that counts for the price.
  const serviceTier = usage?.speed === 'fast' ? 'fast' : asName(usage?.service_tier);
  return {
    ...(bill !== undefined && { usage: bill }),
    ...(servedModel !== undefined && { servedModel }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}
