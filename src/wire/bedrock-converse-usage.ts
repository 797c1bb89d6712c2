import type { Usage } from '../usage/usage.js';
import { asArray, asName, asObject } from './json.js';
import { makeUsage, rawCount, sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/** What a whole answer, or the `metadata` event of a stream, says of its own bill. */
export function readConverseBill(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  const usage = rawUsage === undefined ? undefined : readConverseUsage(rawUsage);
  // The answer names no model, but a prompt router says which one it chose.
  const servedModel = asName(asObject(asObject(body.trace)?.promptRouter)?.invokedModelId);
  const serviceTier = tierOf(body);
  return {
    ...(usage !== undefined && { usage }),
    ...(servedModel !== undefined && { servedModel }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

/** The service tier of a request or an answer. Latency-optimised inference has rates of its own, so it counts as one. */
export function tierOf(body: JsonObject): string | undefined {
  if (asObject(body.performanceConfig)?.latency === 'optimized') return 'optimized';
  return asName(asObject(body.serviceTier)?.type);
}

/** The bill in a Converse `usage`. `inputTokens` leaves the cache out; the total here includes it. */
function readConverseUsage(usage: JsonObject): Usage | undefined {
  const uncached = rawCount(usage.inputTokens);
  const output = rawCount(usage.outputTokens);
  if (uncached === undefined && output === undefined) return undefined;
  // Over HTTP the counts of the cache come under two names, with the same figures.
  const read = rawCount(usage.cacheReadInputTokens) ?? rawCount(usage.cacheReadInputTokenCount);
  const total = rawCount(usage.cacheWriteInputTokens) ?? rawCount(usage.cacheWriteInputTokenCount);
  const written = total ?? sumCounts(writes(usage).map(({ tokens }) => tokens));
  const longLived = sumCounts(writes(usage).map(({ ttl, tokens }) => (ttl === '1h' ? tokens : undefined)));
  return makeUsage(uncached === undefined ? undefined : sumCounts([uncached, read, written]), output, {
    cacheReadInputTokens: read,
    cacheWriteInputTokens: longLived === undefined ? written : (written ?? 0) - longLived,
    cacheWrite1hInputTokens: longLived,
    audioInputTokens: undefined,
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
  });
}

/** What was written to the cache, by how long it lives. */
function writes(usage: JsonObject): readonly { readonly ttl: unknown; readonly tokens: number | undefined }[] {
  return asArray(usage.cacheDetails).map((value) => {
    const detail = asObject(value);
    return { ttl: detail?.ttl, tokens: rawCount(detail?.inputTokens) };
  });
}
