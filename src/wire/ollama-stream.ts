import { asArray, asName, asObject } from './json.js';
import { collectStrings } from './json-text.js';
import { readOllamaBill } from './ollama-usage.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

/**
 * Follows a stream of JSON lines. The line that says `done` is the last and carries the counts; the SDK reads no
 * further, not even to the end of the stream.
 */
export function followOllamaStream(): StreamReader {
  let reading: ResponseReading = {};
  return {
    read(_data, json) {
      if (json === undefined) return {};
      const terminal = json.done === true || asName(json.error) !== undefined;
      if (asName(json.error) === undefined) reading = readOllamaBill(json);
      return { ...readDeltas(json), ...(terminal && { terminal }) };
    },
    result: () => reading,
  };
}

function readDeltas(json: JsonObject): StreamEventReading {
  const message = asObject(json.message);
  const deltas = [json.response, json.thinking, message?.content, message?.thinking].filter(
    (text) => asName(text) !== undefined,
  ) as string[];
  for (const call of asArray(message?.tool_calls)) collectStrings(asObject(call)?.function, deltas);
  return deltas.length > 0 ? { deltas } : {};
}
