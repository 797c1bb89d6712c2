import type { Usage } from '../usage/usage.js';
import { audioCount, billedSearches, imageCount, makeGoogleUsage } from './gemini-usage.js';
import { asArray, asName, asObject } from './json.js';
import { makeReading } from './openai-usage.js';
import { rawCount, sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/** Reads a whole interaction. `searches` is how many web searches a stream has shown, whose last event shows no steps. */
export function readInteraction(interaction: JsonObject, searches = 0): ResponseReading {
  const usage = asObject(interaction.usage);
  if (usage === undefined) return makeReading(interaction, undefined);
  const seen = asArray(interaction.steps).reduce((sum: number, step) => sum + countSearches(step), searches);
  return makeReading(interaction, readInteractionUsage(usage, billedSearches(seen, asName(interaction.model))));
}

/** The web searches that a step, or the delta of one, asks for. */
export function countSearches(step: unknown): number {
  const call = asObject(step);
  if (call?.type !== 'google_search_call') return 0;
  return asArray(asObject(call.arguments)?.queries).length;
}

function readInteractionUsage(usage: JsonObject, searches: number | undefined): Usage | undefined {
  const grounded = asArray(usage.grounding_tool_count)
    .map(asObject)
    .filter((row) => row?.type === 'google_search');
  const input = [usage.input_tokens_by_modality, usage.tool_use_tokens_by_modality];
  const output = [usage.output_tokens_by_modality];
  return makeGoogleUsage(
    {
      prompt: rawCount(usage.total_input_tokens),
      toolPrompt: rawCount(usage.total_tool_use_tokens),
      output: rawCount(usage.total_output_tokens),
      thoughts: rawCount(usage.total_thought_tokens),
      total: rawCount(usage.total_tokens),
      cached: rawCount(usage.total_cached_tokens),
      audioInput: audioCount(input, 'tokens'),
      audioOutput: audioCount(output, 'tokens'),
      imageInput: imageCount(input, 'tokens'),
      imageOutput: imageCount(output, 'tokens'),
    },
    sumCounts(grounded.map((row) => rawCount(row?.count))) ?? searches,
  );
}
