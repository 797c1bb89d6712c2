import { asArray, asName, asObject } from './json.js';
import { followChatStream } from './openai-chat-stream.js';
import { countCompletions } from './openai-completions-input.js';
import type { JsonObject, StreamReader } from './wire.js';

/**
 * Follows a stream of completion chunks. They are chat chunks but for the text, which lies in the choice itself, and for
 * the number of choices.
 */
export function followCompletionsStream(sent: JsonObject): StreamReader {
  const chunks = followChatStream({ ...sent, n: countCompletions(sent) });
  return {
    read(data, json) {
      const reading = chunks.read(data, json);
      const deltas = asArray(json?.choices).map((choice) => asName(asObject(choice)?.text));
      const texts = deltas.filter((text) => text !== undefined);
      return texts.length === 0 ? reading : { ...reading, deltas: [...(reading.deltas ?? []), ...texts] };
    },
    result: () => chunks.result(),
  };
}
