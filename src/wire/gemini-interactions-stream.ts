import { countSearches, readInteraction } from './gemini-interactions-usage.js';
import { asName, asObject, asString } from './json.js';
import { collectStrings } from './json-text.js';
import { makeReading } from './openai-usage.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

/** Deltas that are no output of the model's, or base64, which says nothing of tokens. */
const SILENT_DELTAS = /(?:_result|_signature|_annotation)$|^(?:image|audio|video|document)$/;

/**
 * Follows a stream of interaction events. `interaction.completed` comes last, whatever the status, and holds the
 * interaction with its usage but without its steps.
 */
export function followInteractionStream(): StreamReader {
  let reading: ResponseReading = {};
  let searches = 0;
  return {
    read(data, json) {
      if (json === undefined) return data.trim() === '[DONE]' ? { terminal: true } : {};
      const type = asString(json.event_type);
      const isCompleted = type === 'interaction.completed';
      const interaction = asObject(json.interaction);
      searches += countSearches(json.delta) + countSearches(json.step);
      // The events before the last carry the interaction as it stands, without a bill.
      if (interaction !== undefined) {
        reading = isCompleted ? readInteraction(interaction, searches) : makeReading(interaction, undefined);
      }
      return { ...readDeltas(json), ...((isCompleted || type === 'error') && { terminal: true }) };
    },
    result: () => reading,
  };
}

function readDeltas(json: JsonObject): StreamEventReading {
  const deltas: string[] = [];
  const name = asName(asObject(json.step)?.name);
  if (name !== undefined) deltas.push(name);
  const { type, id: _, signature: __, ...content } = asObject(json.delta) ?? {};
  if (!SILENT_DELTAS.test(asString(type) ?? '')) collectStrings(content, deltas);
  return deltas.length > 0 ? { deltas } : {};
}
