import { createInputCollector, type InputCollector, inlineData } from './input-collector.js';
import { asArray, asObject, isPresent } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// OpenAI's cookbook counts 3 tokens of framing for a message (4 on the oldest model), 1 for a name, and 3 to prime the
// answer. Tools are rendered into a namespace of their own; 16 for the frame and 16 for each stay above what is seen.
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_NAME = 1;
const TOKENS_PER_ANSWER = 3;
const TOKENS_PER_TOOL = 16;

/** Everything that a chat request sends in. */
export function readChatInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  for (const message of asArray(body.messages)) addMessage(collector, message);
  const tools = [...asArray(body.tools), ...asArray(body.functions)];
  for (const tool of tools) collector.addTree(tool);
  collector.addTree(body.response_format);
  collector.addOverhead(TOKENS_PER_ANSWER + (tools.length > 0 ? TOKENS_PER_TOOL * (tools.length + 1) : 0));
  // A prediction is not sent in as a message, but its rejected tokens are billed as output: "like reasoning tokens,
  // these tokens are still counted in the total completion tokens for purposes of billing, output, and context window
  // limits" (openai 6.49, CompletionUsage). They are inside the ceiling; its text is counted here for the context.
  addContent(collector, asObject(body.prediction)?.content);
  return collector.finish();
}

function addMessage(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_MESSAGE);
  const message = asObject(value);
  if (message === undefined) {
    collector.addTree(value);
    return;
  }
  for (const [key, field] of Object.entries(message)) addMessageField(collector, key, field);
}

function addMessageField(collector: InputCollector, key: string, field: unknown): void {
  if (key === 'role') return;
  if (key === 'content') addContent(collector, field);
  else if (key === 'tool_calls') for (const call of asArray(field)) addToolCall(collector, call);
  else if (key === 'function_call') addFunction(collector, field);
  // An answer that was spoken comes back in by its id.
  else if (key === 'audio' && isPresent(field)) collector.addMedia('audio', undefined);
  // Names, ids and refusals are texts, and so is the reasoning of earlier turns that some providers take back in.
  else if (typeof field === 'string') collector.addText(field);
  else collector.addTree(field);
  if (key === 'name') collector.addOverhead(TOKENS_PER_NAME);
}

function addToolCall(collector: InputCollector, value: unknown): void {
  const call = asObject(value);
  collector.addOverhead(TOKENS_PER_MESSAGE);
  collector.addText(call?.id);
  if (call?.function !== undefined) addFunction(collector, call.function);
  else collector.addTree(call?.custom ?? value);
}

function addFunction(collector: InputCollector, value: unknown): void {
  const called = asObject(value);
  collector.addText(called?.name);
  // The format wants the arguments as a text; some servers take them as an object.
  if (typeof called?.arguments === 'string') collector.addText(called.arguments);
  else collector.addTree(called?.arguments);
}

function addContent(collector: InputCollector, content: unknown): void {
  if (typeof content === 'string') collector.addText(content);
  else if (Array.isArray(content)) for (const part of content) addPart(collector, part);
  else collector.addTree(content);
}

function addPart(collector: InputCollector, value: unknown): void {
  const part = asObject(value);
  if (part?.type === 'text') collector.addText(part.text);
  else if (part?.type === 'refusal') collector.addText(part.refusal);
  else if (part?.type === 'image_url') {
    const image = asObject(part.image_url);
    collector.addMedia('image', inlineData(image?.url ?? part.image_url), image?.detail);
  } else if (part?.type === 'input_audio') collector.addMedia('audio', asObject(part.input_audio)?.data);
  else if (part?.type === 'file') {
    const file = asObject(part.file);
    collector.addText(file?.filename);
    collector.addMedia('file', file?.file_data);
  } else collector.addTree(value);
}
