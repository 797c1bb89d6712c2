import { createInputCollector, type InputCollector } from './input-collector.js';
import { asArray, asObject } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// Every model has a template of its own; 16 tokens stay above the marks that the common ones put around a message.
const TOKENS_PER_MESSAGE = 16;
const TOKENS_PER_TOOL = 16;

/** Everything that a chat or a generate request sends in. A system prompt that the model itself brings is not in it. */
export function readOllamaInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_MESSAGE);
  for (const message of asArray(body.messages)) addMessage(collector, message);
  for (const text of [body.prompt, body.suffix, body.system, body.template]) addTextOrTree(collector, text);
  addImages(collector, body.images);
  // What an earlier answer gave back as `context` is its conversation, one number a token.
  collector.addOverhead(asArray(body.context).length);
  for (const tool of asArray(body.tools)) {
    collector.addTree(tool);
    collector.addOverhead(TOKENS_PER_TOOL);
  }
  collector.addTree(body.format);
  return collector.finish();
}

function addMessage(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_MESSAGE);
  const message = asObject(value);
  if (message === undefined) {
    collector.addTree(value);
    return;
  }
  const { role: _, images, tool_calls, ...texts } = message;
  for (const text of Object.values(texts)) addTextOrTree(collector, text);
  addImages(collector, images);
  for (const call of asArray(tool_calls)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    collector.addTree(asObject(call)?.function ?? call);
  }
}

function addImages(collector: InputCollector, images: unknown): void {
  for (const image of asArray(images)) collector.addMedia('image', image);
}

function addTextOrTree(collector: InputCollector, value: unknown): void {
  if (typeof value === 'string') collector.addText(value);
  else collector.addTree(value);
}
