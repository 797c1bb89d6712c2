import { readCohereBill } from './cohere-usage.js';
import { asName, asObject } from './json.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

/** Follows a stream of chat events. `message-end` is the last one and carries the usage. */
export function followCohereStream(): StreamReader {
  let reading: ResponseReading = {};
  return {
    read(data, json) {
      if (json === undefined) return data.trim() === '[DONE]' ? { terminal: true } : {};
      if (json.type !== 'message-end') return readDeltas(asObject(asObject(json.delta)?.message));
      reading = readCohereBill(asObject(json.delta)?.usage);
      return { terminal: true };
    },
    result: () => reading,
  };
}

function readDeltas(message: JsonObject | undefined): StreamEventReading {
  const content = asObject(message?.content);
  const called = asObject(asObject(message?.tool_calls)?.function);
  const deltas = [content?.text, content?.thinking, message?.tool_plan, called?.name, called?.arguments].filter(
    (text) => asName(text) !== undefined,
  );
  return deltas.length > 0 ? { deltas: deltas as string[] } : {};
}
