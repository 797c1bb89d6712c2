import type { Usage } from '../usage/usage.js';
import { asArray, asName, asObject, asString } from './json.js';
import { makeUsage, maxCount, rawCount, sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading, SideRound } from './wire.js';

/**
 * The bill in an Anthropic `usage`; `undefined` where the object says nothing of tokens. Anthropic counts input from the
 * cache beside `input_tokens`; the total here includes it. `rounds` are the rounds of the model that answered.
 */
export function readAnthropicUsage(usage: JsonObject, rounds: readonly JsonObject[] = []): Usage | undefined {
  const uncached = billed(usage, rounds, 'input_tokens');
  const output = billed(usage, rounds, 'output_tokens');
  if (uncached === undefined && output === undefined) return undefined;
  const read = billed(usage, rounds, 'cache_read_input_tokens');
  const longWrites = billedWrites(usage, rounds, 'ephemeral_1h_input_tokens');
  const shortWrites = billedWrites(usage, rounds, 'ephemeral_5m_input_tokens');
  const written = billed(usage, rounds, 'cache_creation_input_tokens') ?? sumCounts([longWrites, shortWrites]);
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
 * A count as it is billed. The top level leaves out whole rounds that ran on the side, such as compaction, which only
 * `iterations` tells of; where the rounds add up to more, that is the bill.
 */
function billed(usage: JsonObject, rounds: readonly JsonObject[], field: string): number | undefined {
  return highest(usage, rounds, (holder) => holder[field]);
}

function billedWrites(usage: JsonObject, rounds: readonly JsonObject[], field: string): number | undefined {
  return highest(usage, rounds, (holder) => asObject(holder.cache_creation)?.[field]);
}

function highest(
  usage: JsonObject,
  rounds: readonly JsonObject[],
  read: (holder: JsonObject) => unknown,
): number | undefined {
  return maxCount(rawCount(read(usage)), sumCounts(rounds.map((round) => rawCount(read(round)))));
}

/**
 * What an Anthropic message says of its own bill. A round names its model where that is not the one that answered (an
 * advisor, the first attempt of a fallback): the top level never counts it, and it is billed at that model's rates.
 */
export function readAnthropicBill(model: unknown, usage: JsonObject | undefined, isComplete: boolean): ResponseReading {
  const servedModel = asName(model);
  const rounds = asArray(usage?.iterations).map((round) => asObject(round) ?? {});
  const isAside = (round: JsonObject) =>
    servedModel !== undefined && (asName(round.model) ?? servedModel) !== servedModel;
  const own = rounds.filter((round) => !isAside(round));
  const bill = usage !== undefined && isComplete ? readAnthropicUsage(usage, own) : undefined;
  const sideRounds = bill === undefined ? [] : rounds.filter(isAside).flatMap(readSideRound);
  // Fast mode has rates of its own, whatever the tier: it is the tier that counts for the price.
  const serviceTier = usage?.speed === 'fast' ? 'fast' : asName(usage?.service_tier);
  return {
    ...(bill !== undefined && { usage: bill }),
    ...(sideRounds.length > 0 && { sideRounds }),
    ...(servedModel !== undefined && { servedModel }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

function readSideRound(round: JsonObject): SideRound[] {
  const usage = readAnthropicUsage(round);
  return usage === undefined ? [] : [{ model: asString(round.model) ?? '', usage }];
}
