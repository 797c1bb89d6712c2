import { asCount, asName, asObject, asString } from './json.js';
import { readOllamaInput } from './ollama-input.js';
import { followOllamaStream } from './ollama-stream.js';
import { readOllamaBill } from './ollama-usage.js';
import type { CallRequest, JsonObject, RequestPatch, Wire } from './wire.js';

/** Ollama's own `chat` and `generate`. Shapes follow `interfaces` of the ollama package 0.6. */
export const ollama: Wire = {
  id: 'ollama',
  provider: 'ollama',
  framing: 'ndjson',
  sharesPath: true,
  turnsField: 'messages',
  matches: (path) => /(?:^|\/)api\/(?:chat|generate)\/?$/.test(path),
  readRequest,
  readInput: readOllamaInput,
  rewrite,
  // The last line of every stream carries the counts.
  askForUsage: (body) => body,
  readResponse: readOllamaBill,
  followStream: followOllamaStream,
  // The SDK shows the text as the error's message; it can show nothing else.
  refusalBody: (error) => ({ error: error.message }),
};

function readRequest(body: JsonObject): CallRequest {
  const ceiling = asCount(asObject(body.options)?.num_predict);
  return {
    operation: Array.isArray(body.messages) ? 'chat' : 'text_completion',
    model: asString(body.model) ?? '',
    // A request that does not say gets a stream.
    stream: body.stream !== false,
    choices: 1,
    minOutputTokens: 1,
    // To Ollama 0 is no ceiling, as is everything below.
    ...(ceiling !== undefined && ceiling > 0 && { maxOutputTokens: ceiling }),
    ...readThinking(body.think),
  };
}

function readThinking(think: unknown): { readonly hidesReasoning?: boolean } {
  if (think === false) return { hidesReasoning: false };
  return think === true || asName(think) !== undefined ? { hidesReasoning: true } : {};
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return {
    ...body,
    ...(patch.model !== undefined && { model: patch.model }),
    ...(patch.maxOutputTokens !== undefined && {
      options: { ...asObject(body.options), num_predict: patch.maxOutputTokens },
    }),
  };
}
