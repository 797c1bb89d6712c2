import type { Usage } from '../usage/usage.js';
import { asName, asObject, asString } from './json.js';
import { readEmbeddingsInput } from './openai-embeddings-input.js';
import { makeReading, openaiError } from './openai-usage.js';
import { makeUsage, maxCount, rawCount } from './usage-counts.js';
import type { CallRequest, JsonObject, RequestPatch, ResponseReading, Wire } from './wire.js';

/**
 * OpenAI's embeddings, as OpenAI, Azure OpenAI and compatible providers speak them. Shapes follow
 * `openai/resources/embeddings` of the openai package 6.49. Vectors are not tokens: there is no output to bill.
 */
export const openaiEmbeddings: Wire = {
  id: 'openai-embeddings',
  provider: 'openai',
  framing: 'sse',
  // Ollama's old endpoint, `/api/embeddings`, is free and has a shape of its own.
  matches: (path) => /(?:^|\/)(?<!^\/api\/)embeddings\/?$/.test(path),
  readRequest,
  readInput: readEmbeddingsInput,
  rewrite,
  askForUsage: (body) => body,
  readResponse,
  // Embeddings never stream.
  followStream: () => ({ read: () => ({}), result: () => ({}) }),
  refusalBody: openaiError,
};

function readRequest(body: JsonObject): CallRequest {
  const serviceTier = asName(body.service_tier);
  return {
    operation: 'embeddings',
    model: asString(body.model) ?? '',
    stream: false,
    choices: 1,
    minOutputTokens: 1,
    maxOutputTokens: 0,
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

/** There is no output to put a ceiling on. */
function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return patch.model === undefined ? body : { ...body, model: patch.model };
}

function readResponse(body: JsonObject): ResponseReading {
  const rawUsage = asObject(body.usage);
  return rawUsage === undefined ? makeReading(body, undefined) : makeReading(body, readUsage(rawUsage), rawUsage);
}

function readUsage(usage: JsonObject): Usage | undefined {
  // Some compatible providers tell the total alone.
  const input = maxCount(rawCount(usage.prompt_tokens), rawCount(usage.total_tokens));
  if (input === undefined) return undefined;
  return makeUsage(input, 0, {
    cacheReadInputTokens: undefined,
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: undefined,
    reasoningOutputTokens: undefined,
    audioOutputTokens: undefined,
    webSearchRequests: undefined,
  });
}
