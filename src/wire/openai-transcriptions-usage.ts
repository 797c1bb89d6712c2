import type { Usage } from '../usage/usage.js';
import { asObject } from './json.js';
import { makeReading } from './openai-usage.js';
import { makeUsage, rawCount } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/**
 * What a transcript says of its own bill. Models that are billed by the length of the audio tell seconds: as their usage,
 * beside tokens (Mistral's `prompt_audio_seconds`), or only as the `duration` of a transcript with timestamps.
 */
export function readTranscript(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  if (rawUsage === undefined) return makeReading(body, heardFor(body.duration));
  return makeReading(body, readTranscriptUsage(rawUsage), rawUsage);
}

function readTranscriptUsage(usage: JsonObject): Usage | undefined {
  if (usage.type === 'duration') return heardFor(usage.seconds);
  const audioSeconds = wholeSeconds(usage.prompt_audio_seconds);
  const input = rawCount(audioSeconds === undefined ? usage.input_tokens : usage.prompt_tokens);
  const output = rawCount(audioSeconds === undefined ? usage.output_tokens : usage.completion_tokens);
  if (input === undefined && output === undefined) return heardFor(usage.prompt_audio_seconds);
  return makeUsage(input, output, {
    cacheReadInputTokens: undefined,
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: rawCount(asObject(usage.input_token_details)?.audio_tokens),
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
    audioSeconds,
  });
}

/** The usage of audio that is billed by its length alone. */
function heardFor(seconds: unknown): Usage | undefined {
  const audioSeconds = wholeSeconds(seconds);
  return audioSeconds === undefined ? undefined : { inputTokens: 0, outputTokens: 0, audioSeconds };
}

/** Seconds as they are billed: one that has begun counts. Some servers write them as text. */
function wholeSeconds(value: unknown): number | undefined {
  const isDecimal = typeof value === 'string' && /^\d{1,9}(?:\.\d{1,20})?$/.test(value);
  const seconds = rawCount(isDecimal ? Number(value) : value);
  return seconds === undefined ? undefined : Math.ceil(seconds);
}
