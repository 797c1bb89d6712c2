import type { Usage } from '../usage/usage.js';
import { asArray, asName, asObject } from './json.js';
import { countCodeSessions } from './openai-containers.js';
import { reportedCostPicoUsd } from './reported-cost.js';
import { makeUsage, maxCount, rawCount } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/** The bill in a chat completion's `usage`; `undefined` where the object says nothing of tokens. */
export function readChatUsage(usage: JsonObject, webSearchRequests: number | undefined): Usage | undefined {
  const input = rawCount(usage.prompt_tokens);
  const completion = rawCount(usage.completion_tokens);
  if (input === undefined && completion === undefined) return undefined;
  const inputDetails = asObject(usage.prompt_tokens_details) ?? {};
  const outputDetails = asObject(usage.completion_tokens_details) ?? {};
  return makeUsage(input, outputTotal(input, completion, usage.total_tokens), {
    // DeepSeek counted cache hits beside the details before it had details.
    cacheReadInputTokens: rawCount(inputDetails.cached_tokens) ?? rawCount(usage.prompt_cache_hit_tokens),
    cacheWriteInputTokens: rawCount(inputDetails.cache_write_tokens),
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: rawCount(inputDetails.audio_tokens),
    imageInputTokens: rawCount(inputDetails.image_tokens),
    reasoningOutputTokens: rawCount(outputDetails.reasoning_tokens),
    audioOutputTokens: rawCount(outputDetails.audio_tokens),
    imageOutputTokens: rawCount(outputDetails.image_tokens),
    acceptedPredictionOutputTokens: unlessZero(outputDetails.accepted_prediction_tokens),
    rejectedPredictionOutputTokens: unlessZero(outputDetails.rejected_prediction_tokens),
    webSearchRequests: rawCount(asObject(usage.server_tool_use)?.web_search_requests) ?? webSearchRequests,
  });
}

/**
 * The bill in a Responses API `usage`, and in the output and the tools of the response around it; `undefined` where the
 * object says nothing of tokens.
 */
export function readResponsesUsage(usage: JsonObject, response: JsonObject = {}): Usage | undefined {
  const input = rawCount(usage.input_tokens);
  const output = rawCount(usage.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = asObject(usage.input_tokens_details) ?? {};
  const outputDetails = asObject(usage.output_tokens_details) ?? {};
  return makeUsage(input, outputTotal(input, output, usage.total_tokens), {
    cacheReadInputTokens: rawCount(inputDetails.cached_tokens),
    cacheWriteInputTokens: rawCount(inputDetails.cache_write_tokens),
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: rawCount(inputDetails.audio_tokens),
    imageInputTokens: rawCount(inputDetails.image_tokens),
    reasoningOutputTokens: rawCount(outputDetails.reasoning_tokens),
    audioOutputTokens: rawCount(outputDetails.audio_tokens),
    imageOutputTokens: rawCount(outputDetails.image_tokens),
    webSearchRequests: countWebSearches(response),
    fileSearchRequests: countFileSearches(response.output),
    codeSessions: countCodeSessions(response),
  });
}

/** Parts that most answers tell as 0, which says nothing. */
function unlessZero(value: unknown): number | undefined {
  return value === 0 ? undefined : rawCount(value);
}

/**
 * All billed output. Several compatible providers leave hidden reasoning out of the completion count but not out of the
 * total, so the larger figure is the bill. Rejected prediction tokens are already in the completion count.
 */
function outputTotal(input: number | undefined, output: number | undefined, total: unknown): number | undefined {
  const everything = rawCount(total);
  if (everything === undefined || input === undefined) return output;
  // A total below the input says nothing of the output.
  return maxCount(output, (maxCount(everything, input) ?? 0) - input);
}

/** The fields of a reading, taken from a response and the usage in it; absent fields stay absent. */
export function makeReading(response: JsonObject, usage: Usage | undefined, rawUsage?: JsonObject): ResponseReading {
  const servedModel = asName(response.model);
  const serviceTier = asName(response.service_tier);
  const cost = rawUsage === undefined ? undefined : reportedCostPicoUsd(rawUsage);
  return {
    ...(usage !== undefined && { usage }),
    ...(servedModel !== undefined && { servedModel }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(cost !== undefined && { reportedCostPicoUsd: cost }),
  };
}

/**
 * Hosted web searches among a response's output items. Opening a page or looking something up in one is a
 * `web_search_call` too, but only the search itself has a fee.
 */
function countWebSearches(response: JsonObject): number | undefined {
  let searches = 0;
  for (const item of asArray(response.output)) {
    const call = asObject(item);
    if (call?.type !== 'web_search_call') continue;
    const action = asName(asObject(call.action)?.type);
    if (action === undefined || action === 'search') searches += 1;
  }
  const told = unlessZero(asObject(asObject(response.tool_usage)?.web_search)?.num_requests);
  return maxCount(searches === 0 ? undefined : searches, told);
}

/** Hosted searches of stored files among a response's output items: each item is one call, however many queries it has. */
function countFileSearches(output: unknown): number | undefined {
  return asArray(output).filter((item) => asObject(item)?.type === 'file_search_call').length || undefined;
}

/** A refusal in the error shape that OpenAI's API and its look-alikes share. */
export function openaiError(error: { readonly code: string; readonly message: string }): JsonObject {
  return { error: { message: error.message, type: error.code, code: error.code, param: null } };
}
