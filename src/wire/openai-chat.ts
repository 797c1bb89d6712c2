import { asArray, asCount, asName, asObject, asString, asTimes, isPresent } from './json.js';
import { readChatInput } from './openai-chat-input.js';
import { followChatStream, hasUrlCitation, mustBeAsked } from './openai-chat-stream.js';
import { makeReading, openaiError, readChatUsage } from './openai-usage.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, ResponseReading, Wire } from './wire.js';

const CEILING = 'max_completion_tokens';
const OLD_CEILING = 'max_tokens';

/**
 * OpenAI's chat completions, as OpenAI, Azure OpenAI and every compatible provider speak them. Shapes follow
 * `openai/resources/chat/completions` of the openai package 6.49.
 */
export const openaiChat: Wire = {
  id: 'openai-chat',
  provider: 'openai',
  framing: 'sse',
  turnsField: 'messages',
  matches: (path) => /\/chat\/completions\/?$/.test(path),
  readRequest,
  readInput: readChatInput,
  rewrite,
  askForUsage,
  readResponse,
  followStream: followChatStream,
  refusalBody: openaiError,
};

function readRequest(body: JsonObject): CallRequest {
  const ceiling = smaller(asCount(body[CEILING]), asCount(body[OLD_CEILING]));
  const serviceTier = asName(body.service_tier);
  const hostedTools = readHostedTools(body);
  return {
    operation: 'chat',
    model: asString(body.model) ?? '',
    stream: body.stream === true,
    choices: asTimes(body.n),
    minOutputTokens: 1,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

function smaller(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.min(left, right);
}

/**
 * Tools that the provider runs itself: `web_search_options` (OpenAI), tools that are neither a function nor a custom one
 * (Groq and others), `plugins` (OpenRouter) and `search_parameters` (xAI). Nothing in this format limits their calls.
 */
function readHostedTools(body: JsonObject): HostedTools | undefined {
  const searches =
    isPresent(body.web_search_options) ||
    isPresent(body.search_parameters) ||
    asArray(body.plugins).some((plugin) => asObject(plugin)?.id === 'web');
  const isHosted = searches || asArray(body.plugins).length > 0 || asArray(body.tools).some(isHostedTool);
  return isHosted ? { maxCalls: undefined, maxWebSearches: searches ? 1 : 0 } : undefined;
}

function isHostedTool(tool: unknown): boolean {
  const type = asObject(tool)?.type;
  return typeof type === 'string' && type !== 'function' && type !== 'custom';
}

function rewrite(body: JsonObject, patch: RequestPatch, host: { readonly official: boolean }): JsonObject {
  const rewritten: Record<string, unknown> = { ...body };
  if (patch.model !== undefined) rewritten.model = patch.model;
  if (patch.maxOutputTokens !== undefined) {
    const name = ceilingName(body, host.official);
    rewritten[name] = patch.maxOutputTokens;
    // Providers refuse a request that names both, and one of them would say something else.
    delete rewritten[name === CEILING ? OLD_CEILING : CEILING];
  }
  return rewritten;
}

/** The name the caller used for the ceiling; else the host's: compatible servers may ignore the newer name. */
function ceilingName(body: JsonObject, isOfficial: boolean): typeof CEILING | typeof OLD_CEILING {
  if (isPresent(body[CEILING])) return CEILING;
  if (isPresent(body[OLD_CEILING])) return OLD_CEILING;
  if (CEILING in body !== OLD_CEILING in body) return CEILING in body ? CEILING : OLD_CEILING;
  return isOfficial ? CEILING : OLD_CEILING;
}

function askForUsage(body: JsonObject): JsonObject {
  if (!mustBeAsked(body)) return body;
  return { ...body, stream_options: { ...asObject(body.stream_options), include_usage: true } };
}

function readResponse(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage) ?? asObject(asObject(body.x_groq)?.usage);
  if (rawUsage === undefined) return makeReading(body, undefined);
  const searched = asArray(body.choices).some((choice) =>
    hasUrlCitation(asObject(asObject(choice)?.message)?.annotations),
  );
  return makeReading(body, readChatUsage(rawUsage, searched ? 1 : undefined), rawUsage);
}
