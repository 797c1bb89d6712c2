import { readAnthropicInput } from './anthropic-input.js';
import { followAnthropicStream } from './anthropic-stream.js';
import { readAnthropicBill } from './anthropic-usage.js';
import { asArray, asCount, asName, asObject, asString, isPresent } from './json.js';
import { sumCounts } from './usage-counts.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, Wire } from './wire.js';

/** Tools the caller's own code runs, by the start of their dated type. Everything else loops at the provider. */
const CLIENT_TOOLS = ['custom', 'bash_', 'text_editor_', 'computer_', 'memory_', 'browser_'];

/**
 * Anthropic's Messages API, beta parameters included. Shapes follow `resources/messages` and `resources/beta/messages` of
 * `@anthropic-ai/sdk` 1.12.
 */
export const anthropicMessages: Wire = {
  id: 'anthropic-messages',
  provider: 'anthropic',
  framing: 'sse',
  turnsField: 'messages',
  matches: (path) => /\/v1\/messages\/?$/.test(path),
  readRequest,
  readInput: readAnthropicInput,
  rewrite,
  // Every stream carries its usage.
  askForUsage: (body) => body,
  readResponse: (body) => readAnthropicBill(body.model, asObject(body.usage), true),
  followStream: followAnthropicStream,
  refusalBody: (error) => ({ type: 'error', error: { type: error.code, message: error.message } }),
};

function readRequest(body: JsonObject): CallRequest {
  const ceiling = asCount(body.max_tokens);
  const thinking = asObject(body.thinking);
  const serviceTier = body.speed === 'fast' ? 'fast' : asName(body.service_tier);
  const hostedTools = readHostedTools(body);
  return {
    operation: 'chat',
    model: asString(body.model) ?? '',
    stream: body.stream === true,
    choices: 1,
    minOutputTokens: leastCeiling(thinking),
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    // Without `thinking`, "what happens depends on the model" (the SDK's own words), so the model decides.
    ...(asName(thinking?.type) !== undefined && { hidesReasoning: thinking?.type !== 'disabled' }),
    ...(continuesThread(body.thread) && { unboundedInput: 'thread sends history that is kept at the provider' }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

/** A thread that is only being created has no history yet: its first turn is all in the request. */
function continuesThread(thread: unknown): boolean {
  return isPresent(thread) && asObject(thread)?.type !== 'create';
}

/** Thinking tokens count towards `max_tokens`, and the API refuses a budget that leaves nothing for the answer. */
function leastCeiling(thinking: JsonObject | undefined): number {
  return thinking?.type === 'enabled'
    ? Math.min((asCount(thinking.budget_tokens) ?? 0) + 1, Number.MAX_SAFE_INTEGER)
    : 1;
}

/**
 * Server tools and everything else that makes the provider run rounds of its own: MCP servers, server-side fallbacks,
 * and compaction, which reads the whole context once more and is billed beside the answer.
 */
function readHostedTools(body: JsonObject): HostedTools | undefined {
  const hosted = asArray(body.tools).map(asObject).filter(isServerTool);
  const hasRounds =
    asArray(body.mcp_servers).length > 0 ||
    asArray(body.fallbacks).length > 0 ||
    typeof body.fallbacks === 'string' ||
    isPresent(body.compaction) ||
    asArray(asObject(body.context_management)?.edits).some(isCompaction);
  if (hosted.length === 0 && !hasRounds) return undefined;
  const limits = hosted.map((tool) => asCount(tool?.max_uses));
  const isLimited = !hasRounds && limits.every((limit) => limit !== undefined);
  const searches = hosted
    .filter((tool) => asString(tool?.type)?.startsWith('web_search_'))
    .map((tool) => asCount(tool?.max_uses) ?? 1);
  return {
    // A sum past 2^53 is no limit.
    maxCalls: isLimited ? asCount(sumCounts(limits)) : undefined,
    maxWebSearches: Math.min(Number.MAX_SAFE_INTEGER, sumCounts(searches) ?? 0),
  };
}

function isServerTool(tool: JsonObject | undefined): boolean {
  const type = asName(tool?.type);
  return type !== undefined && !CLIENT_TOOLS.some((prefix) => type.startsWith(prefix));
}

function isCompaction(edit: unknown): boolean {
  return asString(asObject(edit)?.type)?.startsWith('compact') === true;
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && { max_tokens: patch.maxOutputTokens }),
  };
}
