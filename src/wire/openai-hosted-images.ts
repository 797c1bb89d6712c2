import { asArray, asName, asObject, asString } from './json.js';
import { boundImageTokens } from './openai-images-output.js';
import { readResponsesUsage } from './openai-usage.js';
import { makeUsage } from './usage-counts.js';
import type { JsonObject, SideRound } from './wire.js';

/** What the tool uses where the request names no model (the API reference, "image_generation"). */
const DEFAULT_MODEL = 'gpt-image-1';
// The hidden prompt around an image is a handful of tokens; this is well above it.
const TOKENS_PER_IMAGE = 64;

/**
 * What the image tool of a Responses answer is billed at its own model's rates, beside the usage. Where the answer does
 * not tell, the size and the quality of each image bound it; images that nothing bounds make the whole bill unknown.
 */
export function readHostedImages(response: JsonObject): SideRound[] {
  const tool = asArray(response.tools)
    .map(asObject)
    .find((each) => each?.type === 'image_generation');
  const model = asName(tool?.model) ?? DEFAULT_MODEL;
  const told = asObject(asObject(response.tool_usage)?.image_gen);
  const usage = told && readResponsesUsage(told);
  if (usage !== undefined && usage.inputTokens + usage.outputTokens !== 0) return [{ model, usage }];
  return asArray(response.output)
    .map(asObject)
    .filter((item): item is JsonObject => item?.type === 'image_generation_call' && item.status !== 'failed')
    .map((item) => ({ model, usage: boundedUsage({ ...tool, ...item, model }) }));
}

function boundedUsage(image: JsonObject): SideRound['usage'] {
  const prompt = Buffer.byteLength(asString(image.revised_prompt) ?? '');
  return makeUsage(prompt + TOKENS_PER_IMAGE, boundImageTokens(image), {});
}
