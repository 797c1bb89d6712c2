import { asCount, asName, asObject, asString } from './json.js';
import { openaiChat } from './openai-chat.js';
import { countCompletions, readCompletionsInput } from './openai-completions-input.js';
import { followCompletionsStream } from './openai-completions-stream.js';
import { makeReading, openaiError, readChatUsage } from './openai-usage.js';
import type { CallRequest, JsonObject, RequestPatch, ResponseReading, Wire } from './wire.js';

/**
 * OpenAI's legacy completions, as OpenAI and every compatible server speak them. Shapes follow
 * `openai/resources/completions` of the openai package 6.49.
 */
export const openaiCompletions: Wire = {
  id: 'openai-completions',
  provider: 'openai',
  framing: 'sse',
  // Chat, agents and fill-in-the-middle end in the same word and send something else in.
  matches: (path) => /(?:^|\/)(?<!\/(?:chat|agents|fim)\/)completions\/?$/.test(path),
  readRequest,
  readInput: readCompletionsInput,
  rewrite,
  askForUsage: openaiChat.askForUsage,
  readResponse,
  followStream: followCompletionsStream,
  refusalBody: openaiError,
};

/**
 * Without `max_tokens` OpenAI stops after 16 tokens, but other servers stop at the end of the context. An absent ceiling
 * therefore stays absent, and the bound is the model's maximum: too dear on OpenAI, too cheap nowhere.
 */
function readRequest(body: JsonObject): CallRequest {
  const ceiling = asCount(body.max_tokens);
  const serviceTier = asName(body.service_tier);
  return {
    operation: 'text_completion',
    model: asString(body.model) ?? '',
    stream: body.stream === true,
    choices: countCompletions(body),
    minOutputTokens: 1,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && { max_tokens: patch.maxOutputTokens }),
  };
}

function readResponse(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  if (rawUsage === undefined) return makeReading(body, undefined);
  return makeReading(body, readChatUsage(rawUsage, undefined), rawUsage);
}
