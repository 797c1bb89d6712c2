import { createInputCollector, type InputCollector, inlineData } from './input-collector.js';
import { asArray, asObject, isPresent } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// The Responses API renders messages and tools as chat completions do; every item counts as a message here.
const TOKENS_PER_ITEM = 4;
const TOKENS_PER_ANSWER = 3;
const TOKENS_PER_TOOL = 16;

/** Everything that a Responses request shows of what it sends in. */
export function readResponsesInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_ANSWER);
  if (isPresent(body.instructions)) {
    collector.addOverhead(TOKENS_PER_ITEM);
    addContent(collector, body.instructions);
  }
  if (Array.isArray(body.input)) for (const item of body.input) addItem(collector, item);
  else if (isPresent(body.input)) {
    collector.addOverhead(TOKENS_PER_ITEM);
    addContent(collector, body.input);
  }
  const tools = asArray(body.tools);
  for (const tool of tools) collector.addTree(tool);
  if (tools.length > 0) collector.addOverhead(TOKENS_PER_TOOL * (tools.length + 1));
  collector.addTree(asObject(body.text)?.format);
  return collector.finish();
}

function addItem(collector: InputCollector, value: unknown): void {
  collector.addOverhead(TOKENS_PER_ITEM);
  const item = asObject(value);
  const type = item?.type;
  if (item !== undefined && (type === 'message' || (!isPresent(type) && isPresent(item.role)))) {
    addContent(collector, item.content);
  } else if (type === 'function_call' || type === 'custom_tool_call') {
    collector.addText(item?.name);
    collector.addText(item?.call_id);
    addContent(collector, item?.arguments ?? item?.input);
  } else if (type === 'function_call_output' || type === 'custom_tool_call_output') {
    collector.addText(item?.call_id);
    addContent(collector, item?.output);
  } else {
    // Reasoning items among them: their encrypted content counts by its bytes.
    collector.addTree(value);
  }
}

function addContent(collector: InputCollector, content: unknown): void {
  if (typeof content === 'string') collector.addText(content);
  else if (Array.isArray(content)) for (const part of content) addPart(collector, part);
  else collector.addTree(content);
}

function addPart(collector: InputCollector, value: unknown): void {
  const part = asObject(value);
  const type = part?.type;
  if (type === 'input_text' || type === 'output_text' || type === 'text') collector.addText(part?.text);
  else if (type === 'refusal') collector.addText(part?.refusal);
  else if (type === 'input_image') collector.addMedia('image', inlineData(part?.image_url), part?.detail);
  else if (type === 'input_audio') collector.addMedia('audio', asObject(part?.input_audio)?.data);
  else if (type === 'input_file') {
    collector.addText(part?.filename);
    collector.addMedia('file', part?.file_data);
  } else collector.addTree(value);
}
