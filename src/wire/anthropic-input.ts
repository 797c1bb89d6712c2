import { createInputCollector, type InputCollector } from './input-collector.js';
import { asArray, asName, asObject, isPresent } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// Anthropic does not publish the framing of a message; 8 tokens stay above what its counts show.
const TOKENS_PER_MESSAGE = 8;
const TOKENS_PER_TOOL = 16;
// With tools, a hidden prompt of 264 to 530 tokens is added, by model and tool choice (docs, "tool use pricing").
const TOKENS_OF_TOOL_PROMPT = 1000;
// The definitions of Anthropic's own tools are kept at the provider; the documented ones stay below 1000 tokens each.
const TOKENS_PER_BUILT_IN_TOOL = 1000;

/** Everything that a Messages request sends in. */
export function readAnthropicInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_MESSAGE);
  addBlocks(collector, body.system);
  for (const value of asArray(body.messages)) {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    const message = asObject(value);
    if (message === undefined) collector.addTree(value);
    else addBlocks(collector, message.content);
  }
  addTools(collector, body);
  collector.addTree(body.output_format);
  collector.addTree(asObject(body.output_config)?.format);
  return collector.finish();
}

function addTools(collector: InputCollector, body: JsonObject): void {
  const tools = [...asArray(body.tools), ...asArray(body.mcp_servers)];
  if (tools.length > 0) collector.addOverhead(TOKENS_OF_TOOL_PROMPT);
  for (const tool of tools) {
    const type = asName(asObject(tool)?.type);
    collector.addTree(tool);
    collector.addOverhead(TOKENS_PER_TOOL);
    if (type !== undefined && type !== 'custom') collector.addOverhead(TOKENS_PER_BUILT_IN_TOOL);
  }
}

/** Adds content, a text or a list of blocks. Blocks may hold blocks: a list of those still to do takes their place. */
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

function addBlock(collector: InputCollector, value: unknown, pending: unknown[]): void {
  const block = asObject(value);
  const type = block?.type;
  if (type === 'text') collector.addText(block?.text);
  else if (type === 'image') addSource(collector, 'image', asObject(block?.source), pending);
  else if (type === 'document') {
    pending.push(block?.context, block?.title);
    addSource(collector, 'file', asObject(block?.source), pending);
  } else if (type === 'tool_use') {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    collector.addText(block?.name);
    collector.addText(block?.id);
    collector.addTree(block?.input);
  } else if (type === 'tool_result') {
    collector.addOverhead(TOKENS_PER_MESSAGE);
    collector.addText(block?.tool_use_id);
    pending.push(block?.content);
  } else if (type === 'thinking') {
    collector.addText(block?.thinking);
    collector.addTree(block?.signature);
  } else {
    // Server tool blocks, search results, encrypted and redacted content: whatever they hold counts by its bytes.
    collector.addTree(value);
  }
}

function addSource(
  collector: InputCollector,
  kind: 'image' | 'file',
  source: JsonObject | undefined,
  pending: unknown[],
): void {
  if (source?.type === 'text') collector.addText(source.data);
  else if (source?.type === 'content') pending.push(source.content);
  // A URL or a file id points at data that is not in the request.
  else collector.addMedia(kind, source?.type === 'base64' ? source.data : undefined);
}
