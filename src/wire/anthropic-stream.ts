import type { Usage } from '../usage/usage.js';
import { readAnthropicBill, readAnthropicUsage } from './anthropic-usage.js';
import { asName, asObject, isPresent } from './json.js';
import type { JsonObject, StreamEventReading, StreamReader } from './wire.js';

/** What has been seen of one stream. */
interface Progress {
  /** The usage as it stands: the start's fields, with each later one in the place of the one before. */
  usage: JsonObject | undefined;
  inputUsage: Usage | undefined;
  model: unknown;
  hasOutput: boolean;
  hasStopped: boolean;
}

/**
 * Follows a stream of Messages events. `message_start` tells the input early; each `message_delta` tells the usage so
 * far, cumulative, and with its stop reason the whole of it.
 */
export function followAnthropicStream(): StreamReader {
  const progress: Progress = {
    usage: undefined,
    inputUsage: undefined,
    model: undefined,
    hasOutput: false,
    hasStopped: false,
  };
  return {
    read: (_data, json) => (json === undefined ? {} : readEvent(progress, json)),
    result: () => readAnthropicBill(progress.model, progress.usage, progress.hasOutput && progress.hasStopped),
    get inputUsage() {
      return progress.inputUsage;
    },
  };
}

function readEvent(progress: Progress, json: JsonObject): StreamEventReading {
  switch (json.type) {
    case 'message_start':
      readStart(progress, asObject(json.message));
      return {};
    case 'content_block_start':
      return readBlockStart(progress, asObject(json.content_block));
    case 'content_block_delta':
      return readDelta(asObject(json.delta));
    case 'message_delta':
      readMessageDelta(progress, json);
      return {};
    case 'message_stop':
      progress.hasStopped = true;
      return { terminal: true };
    case 'error':
      return { terminal: true };
    default:
      return {};
  }
}

function readStart(progress: Progress, message: JsonObject | undefined): void {
  progress.model = asName(message?.model) ?? progress.model;
  const usage = asObject(message?.usage);
  if (usage === undefined) return;
  progress.usage = { ...progress.usage, ...presentFields(usage) };
  // The few output tokens at the start are the beginning of the answer, not its bill.
  const early = readAnthropicUsage({ ...progress.usage, output_tokens: 0 });
  if (early !== undefined) progress.inputUsage = early;
}

function readBlockStart(progress: Progress, block: JsonObject | undefined): StreamEventReading {
  // From here on another model answers.
  if (block?.type === 'fallback') progress.model = asName(asObject(block.to)?.model) ?? progress.model;
  const deltas = [block?.text, block?.thinking, block?.name].filter((text) => asName(text) !== undefined);
  return deltas.length > 0 ? { deltas: deltas as string[] } : {};
}

function readDelta(delta: JsonObject | undefined): StreamEventReading {
  const text = asName(delta?.text) ?? asName(delta?.thinking) ?? asName(delta?.partial_json);
  return text === undefined ? {} : { deltas: [text] };
}

function readMessageDelta(progress: Progress, json: JsonObject): void {
  if (asName(asObject(json.delta)?.stop_reason) !== undefined) progress.hasStopped = true;
  const usage = asObject(json.usage);
  if (usage === undefined) return;
  progress.usage = { ...progress.usage, ...presentFields(usage) };
  if (isPresent(usage.output_tokens)) progress.hasOutput = true;
}

function presentFields(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => isPresent(value)));
}
