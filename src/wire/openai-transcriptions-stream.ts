import { asName, asObject } from './json.js';
import { readTranscript } from './openai-transcriptions-usage.js';
import type { ResponseReading, StreamReader } from './wire.js';

/** Follows a stream of a transcript. The event that ends it carries the usage. */
export function followTranscriptStream(): StreamReader {
  let reading: ResponseReading = {};
  return {
    read(data, json) {
      if (json === undefined) return data.trim() === '[DONE]' ? { terminal: true } : {};
      if (json.type === 'transcript.text.done') {
        reading = readTranscript(json);
        return { terminal: true };
      }
      if (json.type === 'error' || asObject(json.error) !== undefined) return { terminal: true };
      // A segment repeats the text of the deltas before it.
      const delta = json.type === 'transcript.text.delta' ? asName(json.delta) : undefined;
      return delta === undefined ? {} : { deltas: [delta] };
    },
    result: () => reading,
  };
}
