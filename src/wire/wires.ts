import { anthropicMessages } from './anthropic-messages.js';
import { openaiChat } from './openai-chat.js';
import { openaiResponses } from './openai-responses.js';
import type { Wire } from './wire.js';

/** Every wire format this package speaks. */
export const WIRES: readonly Wire[] = Object.freeze([openaiChat, openaiResponses, anthropicMessages]);

/**
 * The format of a POST to `path`, the path of the URL without its query; `undefined` where the path makes no answer we
 * know how to bill: token counting, batches, stored responses and everything else passes untouched.
 */
export function wireForPath(path: string): Wire | undefined {
  return WIRES.find((wire) => wire.matches(path));
}
