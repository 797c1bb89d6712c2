import type { Usage } from '../usage/usage.js';
import { asName } from './json.js';
import { makeUsage, rawCount } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

const NOTHING_RAN: Usage = Object.freeze({ inputTokens: 0, outputTokens: 0 });

/** What an answer, or the last line of one, says of its own bill. Only an answer that is done has one. */
export function readOllamaBill(body: JsonObject): ResponseReading {
  const servedModel = asName(body.model);
  const usage = body.done === true ? readOllamaUsage(body) : undefined;
  return { ...(usage !== undefined && { usage }), ...(servedModel !== undefined && { servedModel }) };
}

function readOllamaUsage(body: JsonObject): Usage | undefined {
  const input = rawCount(body.prompt_eval_count);
  const output = rawCount(body.eval_count);
  if (input === undefined && output === undefined) {
    // A request without a prompt only loads the model into memory, or takes it out again.
    return body.done_reason === 'load' || body.done_reason === 'unload' ? NOTHING_RAN : undefined;
  }
  return makeUsage(input, output, {
    cacheReadInputTokens: undefined,
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: undefined,
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
  });
}
