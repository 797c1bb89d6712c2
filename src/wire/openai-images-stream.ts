import { USAGE_FIELDS, type Usage } from '../usage/usage.js';
import { formCount } from './form-fields.js';
import { asArray, asObject, asString, isPresent } from './json.js';
import { makeReading, readResponsesUsage } from './openai-usage.js';
import { reportedCostPicoUsd } from './reported-cost.js';
import { sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading, StreamReader } from './wire.js';

/** The bill in an answer of images, or in the event that completes one. */
export function readImagesBody(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  // The event that completes an image holds it itself.
  const images = isCompleted(body) ? 1 : asArray(body.data).length;
  if (rawUsage === undefined) return makeReading(body, soldByPiece(body, images));
  const usage = readResponsesUsage(rawUsage) ?? untokenedUsage(rawUsage);
  return makeReading(body, usage && { ...usage, ...(images > 0 && { images }) }, rawUsage);
}

/**
 * The usage of images that are sold by the piece: none but their number. An answer that tells how its images were made,
 * or comes as a stream, is one of a GPT Image model, which is billed by tokens: without a usage, its bill is unknown.
 */
function soldByPiece(body: JsonObject, images: number): Usage | undefined {
  const tellsHow = isCompleted(body) || [body.quality, body.background, body.output_format].some(isPresent);
  return tellsHow || images === 0 ? undefined : { inputTokens: 0, outputTokens: 0, images };
}

function isCompleted(body: JsonObject): boolean {
  return asString(body.type)?.endsWith('.completed') === true;
}

/** Images sold by the piece have no tokens; where the provider says what they cost, that is the whole bill. */
function untokenedUsage(usage: JsonObject): Usage | undefined {
  return reportedCostPicoUsd(usage) === undefined ? undefined : { inputTokens: 0, outputTokens: 0 };
}

/**
 * Follows a stream of images. Partial images come before each image; the event that completes one carries its usage, and
 * the last of them ends the stream. Image data says nothing of tokens, so there are no deltas.
 */
export function followImagesStream(sent: JsonObject): StreamReader {
  const images = Math.max(1, formCount(sent.n) ?? 1);
  let completed = 0;
  let reading: ResponseReading = {};
  return {
    read(data, json) {
      if (json === undefined) return data.trim() === '[DONE]' ? { terminal: true } : {};
      if (isCompleted(json)) {
        completed += 1;
        reading = completed === 1 ? readImagesBody(json) : addReading(reading, readImagesBody(json));
        return completed >= images ? { terminal: true } : {};
      }
      return json.type === 'error' || asObject(json.error) !== undefined ? { terminal: true } : {};
    },
    // Before the last image the bill is not whole.
    result: () => (completed >= images ? reading : {}),
  };
}

function addReading(sum: ResponseReading, next: ResponseReading): ResponseReading {
  const cost = sumCounts([sum.reportedCostPicoUsd, next.reportedCostPicoUsd]);
  // An image without a usage leaves the whole bill unknown.
  if (sum.usage === undefined || next.usage === undefined) return {};
  return { ...next, usage: addUsage(sum.usage, next.usage), ...(cost !== undefined && { reportedCostPicoUsd: cost }) };
}

function addUsage(left: Usage, right: Usage): Usage {
  const counts = USAGE_FIELDS.map((field) => [field, sumCounts([left[field], right[field]])] as const);
  return Object.fromEntries(counts.filter(([, count]) => count !== undefined)) as unknown as Usage;
}
