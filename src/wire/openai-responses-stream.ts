import { asName, asObject, asString } from './json.js';
import { readHostedImages } from './openai-hosted-images.js';
import { makeReading, readResponsesUsage } from './openai-usage.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

/** The events that end a stream. An `error` event ends it too, and says nothing of the bill. */
const LAST_EVENTS: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

/** Reads a whole response. One that is still `queued` or `in_progress` has no usage yet. */
export function readResponsesBody(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  if (rawUsage === undefined) return makeReading(body, undefined);
  const reading = makeReading(body, readResponsesUsage(rawUsage, body), rawUsage);
  // A cost that the provider reports is of everything.
  const images = reading.reportedCostPicoUsd === undefined ? readHostedImages(body) : [];
  return images.length === 0 ? reading : { ...reading, sideRounds: images };
}

/** Follows a stream of Responses events. The last event holds the whole response, its usage included. */
export function followResponsesStream(): StreamReader {
  let reading: ResponseReading = {};
  return {
    read(data, json) {
      if (json === undefined) return data.trim() === '[DONE]' ? { terminal: true } : {};
      const terminal = LAST_EVENTS.has(json.type);
      const response = asObject(json.response);
      // The events before the last carry the response as it stands, without a bill.
      if (response !== undefined) reading = terminal ? readResponsesBody(response) : makeReading(response, undefined);
      return { ...readDelta(json), ...(terminal && { terminal }) };
    },
    result: () => reading,
  };
}

function readDelta(json: JsonObject): StreamEventReading {
  const type = asString(json.type);
  const delta = asName(json.delta);
  // Audio comes as base64, which says nothing of tokens; its transcript comes as events of its own.
  if (delta === undefined || type?.endsWith('.delta') !== true || type.endsWith('audio.delta')) return {};
  return { deltas: [delta] };
}
