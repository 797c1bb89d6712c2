import { createInputCollector, type InputCollector } from './input-collector.js';
import { asArray, asObject, isPresent } from './json.js';
import type { InputContent, JsonObject, MediaPart } from './wire.js';

// Bedrock hands a request on in the model's own format. These are Anthropic's figures, whose framing is the largest known.
const TOKENS_PER_MESSAGE = 8;
const TOKENS_PER_TOOL = 16;
const TOKENS_OF_TOOL_PROMPT = 1000;

/** Everything that a Converse request sends in. */
export function readConverseInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_MESSAGE);
  addBlocks(collector, body.system);
  for (const value of asArray(body.messages)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    const message = asObject(value);
    if (message === undefined) collector.addTree(value);
    else addBlocks(collector, message.content);
  }
  const tools = asArray(asObject(body.toolConfig)?.tools);
  if (tools.length > 0) collector.addOverhead(TOKENS_OF_TOOL_PROMPT + TOKENS_PER_TOOL * tools.length);
  for (const tool of tools) if (!isCachePoint(tool)) collector.addTree(tool);
  collector.addTree(asObject(body.outputConfig)?.textFormat);
  // Whatever the model takes beyond the common fields may be shown to it: tools of its vendor, betas, formats.
  collector.addTree(body.additionalModelRequestFields);
  return collector.finish();
}

function isCachePoint(value: unknown): boolean {
  return isPresent(asObject(value)?.cachePoint);
}

/** Adds a list of blocks. Blocks may hold blocks: a list of those still to do takes the place of recursion. */
function addBlocks(collector: InputCollector, content: unknown): void {
  const pending: unknown[] = [content];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') collector.addText(value);
    else if (Array.isArray(value))
      for (let index = value.length - 1; index >= 0; index -= 1) pending.push(value[index]);
    else if (isPresent(value)) addBlock(collector, value, pending);
  }
}

/** A block has one key, which says what it is. */
function addBlock(collector: InputCollector, value: unknown, pending: unknown[]): void {
  const block = asObject(value);
  const { image, document, video, audio, toolUse, toolResult } = block ?? {};
  if (typeof block?.text === 'string') collector.addText(block.text);
  else if (asObject(image)) addSource(collector, 'image', asObject(image)?.source, pending);
  else if (asObject(document)) {
    pending.push(asObject(document)?.context, asObject(document)?.name);
    addSource(collector, 'file', asObject(document)?.source, pending);
    // The frames of a video are bounded by nothing but what the model can read, as a file's pages are.
  } else if (asObject(video)) addSource(collector, 'file', asObject(video)?.source, pending);
  else if (asObject(audio)) addSource(collector, 'audio', asObject(audio)?.source, pending);
  else if (asObject(toolUse)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    collector.addText(asObject(toolUse)?.name);
    collector.addText(asObject(toolUse)?.toolUseId);
    collector.addTree(asObject(toolUse)?.input);
  } else if (asObject(toolResult)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    collector.addText(asObject(toolResult)?.toolUseId);
    pending.push(asObject(toolResult)?.content);
  } else addRareBlock(collector, block ?? value, pending);
}

function addRareBlock(collector: InputCollector, value: unknown, pending: unknown[]): void {
  const block = asObject(value);
  const reasoning = asObject(asObject(block?.reasoningContent)?.reasoningText);
  const guarded = asObject(block?.guardContent);
  if (reasoning !== undefined) {
    collector.addText(reasoning.text);
    collector.addTree(reasoning.signature);
  } else if (guarded !== undefined) {
    // What a guardrail is to look at is sent in all the same.
    if (isPresent(guarded.image)) pending.push({ image: guarded.image });
    collector.addText(asObject(guarded.text)?.text);
  } else if (!isCachePoint(value)) {
    // Citations, search results, redacted reasoning, the JSON of a tool's result: whatever they hold counts by its bytes.
    collector.addTree(value);
  }
}

function addSource(collector: InputCollector, kind: MediaPart['kind'], value: unknown, pending: unknown[]): void {
  const source = asObject(value);
  if (typeof source?.text === 'string') collector.addText(source.text);
  else if (isPresent(source?.content)) pending.push(source?.content);
  // The AWS SDK takes bytes, HTTP takes them as base64; a location in S3 points at data that is not in the request.
  else collector.addMedia(kind, source?.bytes);
}
