import { createInputCollector } from './input-collector.js';
import { asObject, asString, isPresent } from './json.js';
import { openaiChat } from './openai-chat.js';
import type { CallRequest, InputContent, JsonObject, StreamReader, Wire } from './wire.js';

// The safety prompt and the reasoning prompt that Mistral puts in front, each some 60 to 250 tokens.
const TOKENS_OF_HIDDEN_PROMPTS = 512;
const TOKENS_PER_PROMPT = 16;

/**
 * Mistral's chat completions: OpenAI's, but for `stream_options`, which Mistral refuses as a field it does not know. It
 * tells the usage in the last chunk of every stream unasked. Shapes follow `models/components` of
 * `@mistralai/mistralai` 2.7.
 */
export const mistralChat: Wire = {
  ...openaiChat,
  id: 'mistral-chat',
  provider: 'mistral',
  readInput: readChatInput,
  rewrite: (body, patch) => openaiChat.rewrite(body, patch, { official: false }),
  askForUsage: (body) => body,
  readResponse: (body) => openaiChat.readResponse(withCachedTokens(body)),
  followStream: followMistralStream,
  refusalBody: ({ code, message }) => ({ object: 'error', message, type: code, param: null, code }),
};

/** Mistral's fill-in-the-middle: a prompt and a suffix go in, and a chat completion comes back. */
export const mistralFim: Wire = {
  ...mistralChat,
  id: 'mistral-fim',
  matches: (path) => /\/fim\/completions\/?$/.test(path),
  readRequest: (body, path): CallRequest => ({ ...openaiChat.readRequest(body, path), operation: 'text_completion' }),
  readInput: readFimInput,
};

function readChatInput(body: JsonObject): InputContent {
  const input = openaiChat.readInput(body);
  const hasHiddenPrompt =
    body.safe_prompt === true || isPresent(body.prompt_mode) || asString(body.model)?.includes('magistral') === true;
  return hasHiddenPrompt ? { ...input, overheadTokens: input.overheadTokens + TOKENS_OF_HIDDEN_PROMPTS } : input;
}

function readFimInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  for (const text of [body.prompt, body.suffix]) {
    if (typeof text === 'string') collector.addText(text);
    else collector.addTree(text);
  }
  collector.addOverhead(TOKENS_PER_PROMPT);
  return collector.finish();
}

/** To OpenAI's reader this stream is one whose usage the caller asked for himself: nothing in it is only for us. */
function followMistralStream(sent: JsonObject): StreamReader {
  const reader = openaiChat.followStream({ ...sent, stream_options: { include_usage: true } });
  return {
    read: (data, json) => reader.read(data, json && withCachedTokens(json)),
    result: () => reader.result(),
  };
}

/** The body with Mistral's own count of cached tokens where OpenAI's stands. */
function withCachedTokens(body: JsonObject): JsonObject {
  const usage = asObject(body.usage);
  const details = asObject(usage?.prompt_tokens_details);
  if (!isPresent(usage?.num_cached_tokens) || isPresent(details?.cached_tokens)) return body;
  return {
    ...body,
    usage: { ...usage, prompt_tokens_details: { ...details, cached_tokens: usage?.num_cached_tokens } },
  };
}
