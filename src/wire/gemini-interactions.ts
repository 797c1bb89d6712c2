import { googleError } from './gemini.js';
import { readInteractionInput } from './gemini-interactions-input.js';
import { followInteractionStream } from './gemini-interactions-stream.js';
import { readInteraction } from './gemini-interactions-usage.js';
import { asArray, asCount, asName, asObject, asString, isPresent } from './json.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, Wire } from './wire.js';

/** Tools the caller's own code runs: the interaction waits for their results. Everything else loops at the provider. */
const CLIENT_TOOLS: ReadonlySet<unknown> = new Set(['function', 'computer_use']);

/**
 * Google's Interactions API, as the Gemini API and Vertex AI speak it. Shapes follow `@google/genai` 3.1.
 *
 * With `background: true` the answer comes back without usage, so `readResponse` finds none; the bill is only in the
 * interaction that is fetched later.
 */
export const geminiInteractions: Wire = {
  id: 'gemini-interactions',
  provider: 'google',
  framing: 'sse',
  matches: (path) => /\/v\d\w*\/(?:projects\/[^/]+\/locations\/[^/]+\/)?interactions\/?$/.test(path),
  readRequest,
  readInput: readInteractionInput,
  rewrite,
  // The last event of every stream carries the usage.
  askForUsage: (body) => body,
  readResponse: (body) => readInteraction(body),
  followStream: followInteractionStream,
  refusalBody: googleError,
};

function readRequest(body: JsonObject): CallRequest {
  const settings = asObject(body.generation_config);
  const ceiling = asCount(settings?.max_output_tokens);
  const serviceTier = asName(body.service_tier);
  const unboundedInput = findHeldInput(body);
  const hostedTools = readHostedTools(body);
  return {
    operation: 'generate_content',
    model: asString(body.model)?.replace(/^models\//, '') ?? asString(body.agent) ?? '',
    stream: body.stream === true,
    choices: 1,
    minOutputTokens: 1,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(isPresent(settings?.thinking_level) && { hidesReasoning: true }),
    ...(unboundedInput !== undefined && { unboundedInput }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

/** Why the request does not show its whole input; `undefined` where it does. */
function findHeldInput(body: JsonObject): string | undefined {
  if (isPresent(body.previous_interaction_id)) {
    return 'previous_interaction_id sends history that is kept at the provider';
  }
  if (isPresent(body.cached_content)) return 'cached_content sends a prefix that is kept at the provider';
  if (isPresent(body.continuation_token)) return 'continuation_token resumes an answer that is kept at the provider';
  return undefined;
}

/** Google's own tools, and agents and environments, which run tools nobody named. Nothing limits their calls. */
function readHostedTools(body: JsonObject): HostedTools | undefined {
  const types = asArray(body.tools).map((tool) => asName(asObject(tool)?.type));
  const runsFreely = isPresent(body.agent) || isPresent(body.environment);
  if (!runsFreely && !types.some((type) => type !== undefined && !CLIENT_TOOLS.has(type))) return undefined;
  return { maxCalls: undefined, maxWebSearches: isPresent(body.agent) || types.includes('google_search') ? 1 : 0 };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && {
      generation_config: { ...asObject(body.generation_config), max_output_tokens: patch.maxOutputTokens },
    }),
  };
}
