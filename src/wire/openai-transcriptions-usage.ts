import type { Usage } from '../usage/usage.js';
import { asObject } from './json.js';
import { makeReading } from './openai-usage.js';
import { makeUsage, rawCount } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/**
 * What a transcript says of its own bill. Models that are billed by the duration of the audio tell seconds and no tokens,
 * or tokens beside `prompt_audio_seconds` that are not the whole bill (Mistral): that is no usage in tokens.
 */
export function readTranscript(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  if (rawUsage === undefined) return makeReading(body, undefined);
  return makeReading(body, readTranscriptUsage(rawUsage), rawUsage);
}

function readTranscriptUsage(usage: JsonObject): Usage | undefined {
  const input = rawCount(usage.input_tokens);
  const output = rawCount(usage.output_tokens);
  if (usage.type === 'duration' || (input === undefined && output === undefined)) return undefined;
  return makeUsage(input, output, {
    cacheReadInputTokens: undefined,
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: rawCount(asObject(usage.input_token_details)?.audio_tokens),
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
  });
}
