import { readCohereInput } from './cohere-input.js';
import { followCohereStream } from './cohere-stream.js';
import { readCohereBill } from './cohere-usage.js';
import { asCount, asName, asObject, asString } from './json.js';
import type { CallRequest, JsonObject, RequestPatch, Wire } from './wire.js';

/** Cohere's chat, version 2. Shapes follow `api/resources/v2` of cohere-ai 8.1. */
export const cohere: Wire = {
  id: 'cohere',
  provider: 'cohere',
  framing: 'sse',
  turnsField: 'messages',
  matches: (path) => /(?:^|\/)v2\/chat\/?$/.test(path),
  readRequest,
  readInput: readCohereInput,
  rewrite,
  // The last event of every stream carries the usage.
  askForUsage: (body) => body,
  readResponse: (body) => readCohereBill(body.usage),
  followStream: followCohereStream,
  refusalBody: (error) => ({ message: error.message, code: error.code }),
};

function readRequest(body: JsonObject): CallRequest {
  const ceiling = asCount(body.max_tokens);
  const thinking = asName(asObject(body.thinking)?.type);
  return {
    operation: 'chat',
    model: asString(body.model) ?? '',
    stream: body.stream === true,
    choices: 1,
    // Thinking counts towards the ceiling, which may lie below its budget.
    minOutputTokens: 1,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(thinking !== undefined && { hidesReasoning: thinking !== 'disabled' }),
  };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && { max_tokens: patch.maxOutputTokens }),
  };
}
