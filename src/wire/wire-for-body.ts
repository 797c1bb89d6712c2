import { anthropicMessages } from './anthropic-messages.js';
import { cohere } from './cohere.js';
import { gemini } from './gemini.js';
import { geminiInteractions } from './gemini-interactions.js';
import { mistralChat } from './mistral.js';
import { ollama } from './ollama.js';
import { openaiChat } from './openai-chat.js';
import { openaiResponses } from './openai-responses.js';
import type { JsonObject, Wire } from './wire.js';

/** Providers whose `messages` are a format of their own. */
const MESSAGES_BY_PROVIDER: ReadonlyMap<string | undefined, Wire> = new Map([
  ['anthropic', anthropicMessages],
  ['cohere', cohere],
  ['mistral', mistralChat],
  ['ollama', ollama],
]);

/** The format a body without an address is written in, by its fields; `undefined` where it has none that any format has. */
export function wireForBody(body: JsonObject, provider: string | undefined): Wire | undefined {
  if ('contents' in body) return gemini;
  if (Array.isArray(body.messages)) {
    const isAnthropic = 'system' in body || /(?:^|[./])claude/.test(String(body.model));
    return MESSAGES_BY_PROVIDER.get(provider) ?? (isAnthropic ? anthropicMessages : openaiChat);
  }
  if (!('input' in body) && !('instructions' in body)) return undefined;
  return provider === 'google' || 'generation_config' in body ? geminiInteractions : openaiResponses;
}
