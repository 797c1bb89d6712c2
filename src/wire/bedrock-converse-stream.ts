import { readConverseBill } from './bedrock-converse-usage.js';
import { asArray, asName, asObject, asString } from './json.js';
import type { JsonObject, ResponseReading, StreamReader } from './wire.js';

/**
 * Follows a ConverseStream. Its last event is `metadata`, which carries the usage; it comes after `messageStop`.
 *
 * Over HTTP an event's name is in the headers of its message and its payload is the event's body alone; the AWS SDK hands
 * out `{ metadata: … }`. The bodies differ enough to be told apart without the name, so both are read.
 */
export function followConverseStream(): StreamReader {
  let reading: ResponseReading = {};
  return {
    read(_data, json) {
      if (json === undefined) return {};
      const metadata = metadataOf(json);
      if (metadata !== undefined) {
        reading = readConverseBill(metadata);
        return { terminal: true };
      }
      if (isException(json)) return { terminal: true };
      const deltas = deltasOf(json);
      return deltas.length > 0 ? { deltas } : {};
    },
    result: () => reading,
  };
}

function metadataOf(json: JsonObject): JsonObject | undefined {
  if (asObject(json.metadata) !== undefined) return asObject(json.metadata);
  return asObject(json.usage) !== undefined || asObject(json.metrics) !== undefined ? json : undefined;
}

/** Exceptions have a message, whose name some services write with a capital. No event has one. */
function isException(json: JsonObject): boolean {
  if (typeof json.message === 'string' || typeof json.Message === 'string') return true;
  return Object.keys(json).some((key) => key.endsWith('Exception'));
}

function deltasOf(json: JsonObject): string[] {
  const delta = asObject((asObject(json.contentBlockDelta) ?? json).delta);
  const start = asObject((asObject(json.contentBlockStart) ?? json).start);
  const texts = [
    delta?.text,
    asObject(delta?.toolUse)?.input,
    asObject(delta?.reasoningContent)?.text,
    asObject(start?.toolUse)?.name,
    // Results of tools that run at the provider.
    ...asArray(delta?.toolResult).map((part) => asString(asObject(part)?.text)),
  ];
  return texts.map(asName).filter((text) => text !== undefined);
}
