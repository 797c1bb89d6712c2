import { anthropicMessages } from './anthropic-messages.js';
import { openaiChat } from './openai-chat.js';
import { openaiResponses } from './openai-responses.js';
import type { JsonObject, Wire } from './wire.js';

/** The format a body without an address is written in, by its fields; `undefined` where it has none that any format has. */
export function wireForBody(body: JsonObject, provider: string | undefined): Wire | undefined {
  if (Array.isArray(body.messages)) {
    const isAnthropic = provider === 'anthropic' || 'system' in body || /(?:^|[./])claude/.test(String(body.model));
    return isAnthropic ? anthropicMessages : openaiChat;
  }
  return 'input' in body || 'instructions' in body ? openaiResponses : undefined;
}
