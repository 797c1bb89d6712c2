import { createInputCollector, type InputCollector, inlineData } from './input-collector.js';
import { asArray, asObject } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// Cohere bills the texts it was sent and not the framing around them, which 4 tokens a message stay above.
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_TOOL = 16;

/** Everything that a chat request sends in. */
export function readCohereInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  for (const message of asArray(body.messages)) addMessage(collector, message);
  for (const document of asArray(body.documents)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    addDocument(collector, document);
  }
  for (const tool of asArray(body.tools)) {
    collector.addTree(tool);
    collector.addOverhead(TOKENS_PER_TOOL);
  }
  collector.addTree(body.response_format);
  return collector.finish();
}

function addMessage(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_MESSAGE);
  const message = asObject(value);
  if (message === undefined) {
    collector.addTree(value);
    return;
  }
  const { role: _, content, tool_calls, ...rest } = message;
  if (Array.isArray(content)) for (const part of content) addPart(collector, part);
  else addTextOrTree(collector, content);
  for (const call of asArray(tool_calls)) addToolCall(collector, call);
  // Plans, ids and citations of earlier turns.
  for (const field of Object.values(rest)) addTextOrTree(collector, field);
}

function addPart(collector: InputCollector, value: unknown): void {
  const part = asObject(value);
  if (part?.type === 'text') collector.addText(part.text);
  else if (part?.type === 'thinking') collector.addText(part.thinking);
  else if (part?.type === 'image_url') {
    const image = asObject(part.image_url);
    collector.addMedia('image', inlineData(image?.url), image?.detail);
  } else if (part?.type === 'document') addDocument(collector, part.document);
  else collector.addTree(value);
}

function addToolCall(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_MESSAGE);
  const call = asObject(value);
  const called = asObject(call?.function);
  collector.addText(call?.id);
  if (called === undefined) collector.addTree(value);
  else for (const field of Object.values(called)) addTextOrTree(collector, field);
}

function addDocument(collector: InputCollector, value: unknown): void {
  const data = asObject(value)?.data;
  if (typeof data === 'string') {
    collector.addText(data);
    collector.addText(asObject(value)?.id);
  } else addTextOrTree(collector, value);
}

function addTextOrTree(collector: InputCollector, value: unknown): void {
  if (typeof value === 'string') collector.addText(value);
  else collector.addTree(value);
}
