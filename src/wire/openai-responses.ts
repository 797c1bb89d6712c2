import { asArray, asCount, asName, asObject, asString, isPresent } from './json.js';
import { countCodeSessions } from './openai-containers.js';
import { readResponsesInput } from './openai-responses-input.js';
import { followResponsesStream, readResponsesBody } from './openai-responses-stream.js';
import { openaiError } from './openai-usage.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, Wire } from './wire.js';

/** The API refuses a smaller `max_output_tokens`. */
const LEAST_CEILING = 16;

/** Tools the caller's own code runs: the answer ends with the call. Everything else loops at the provider. */
const CLIENT_TOOLS: ReadonlySet<unknown> = new Set([
  'function',
  'custom',
  'namespace',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
]);

/**
 * OpenAI's Responses API, as OpenAI, Azure OpenAI, xAI and compatible providers speak it. Shapes follow
 * `openai/resources/responses` of the openai package 6.49.
 *
 * With `background: true` the answer comes back `queued` and without usage, so `readResponse` finds none; the bill is
 * only in the response that is fetched later.
 */
export const openaiResponses: Wire = {
  id: 'openai-responses',
  provider: 'openai',
  framing: 'sse',
  turnsField: 'input',
  matches: (path) => /\/responses\/?$/.test(path),
  readRequest,
  readInput: readResponsesInput,
  rewrite,
  // The last event of every stream carries the usage.
  askForUsage: (body) => body,
  readResponse: readResponsesBody,
  followStream: followResponsesStream,
  refusalBody: openaiError,
};

function readRequest(body: JsonObject): CallRequest {
  const ceiling = asCount(body.max_output_tokens);
  const serviceTier = asName(body.service_tier);
  const unboundedInput = findHeldHistory(body);
  const hostedTools = readHostedTools(body);
  return {
    operation: 'chat',
    model: asString(body.model) ?? '',
    stream: body.stream === true,
    choices: 1,
    minOutputTokens: LEAST_CEILING,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(unboundedInput !== undefined && { unboundedInput }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

/** Why the request does not show its whole input; `undefined` where it does. */
function findHeldHistory(body: JsonObject): string | undefined {
  if (isPresent(body.previous_response_id)) return 'previous_response_id sends history that is kept at the provider';
  if (isPresent(body.conversation)) return 'conversation sends history that is kept at the provider';
  if (isPresent(body.prompt)) return 'prompt sends a template that is kept at the provider';
  if (asArray(body.input).some(isItemReference)) return 'an item reference sends an item that is kept at the provider';
  return undefined;
}

/** An item that is only an id; its `type` may be left out. */
function isItemReference(value: unknown): boolean {
  const item = asObject(value);
  if (item?.type === 'item_reference') return true;
  return item !== undefined && !isPresent(item.type) && !isPresent(item.role) && isPresent(item.id);
}

function readHostedTools(body: JsonObject): HostedTools | undefined {
  const hosted = asArray(body.tools).map(asObject).filter(isHostedTool);
  if (hosted.length === 0) return undefined;
  // One limit holds over all hosted tools of an answer.
  const maxCalls = asCount(body.max_tool_calls);
  const searches = hosted.some((tool) => asString(tool?.type)?.startsWith('web_search') === true);
  const lookups = hosted.some((tool) => tool?.type === 'file_search');
  const images = hosted.some((tool) => tool?.type === 'image_generation');
  const maxCodeSessions = countCodeSessions({ tools: body.tools });
  return {
    maxCalls,
    maxWebSearches: searches ? (maxCalls ?? 1) : 0,
    ...(lookups && { maxFileSearches: maxCalls ?? 1 }),
    ...(images && { maxImages: maxCalls ?? 1 }),
    ...(maxCodeSessions !== undefined && { maxCodeSessions }),
  };
}

function isHostedTool(tool: JsonObject | undefined): boolean {
  if (typeof tool?.type !== 'string' || CLIENT_TOOLS.has(tool.type)) return false;
  if (tool.type === 'tool_search') return tool.execution !== 'client';
  // A shell runs in the provider's container only where the request gives it one.
  if (tool.type === 'shell') {
    const environment = asObject(tool.environment);
    return environment !== undefined && environment.type !== 'local';
  }
  return true;
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && { max_output_tokens: patch.maxOutputTokens }),
  };
}
