import { anthropicMessages } from './anthropic-messages.js';
import { bedrockConverse } from './bedrock-converse.js';
import { openaiChat } from './openai-chat.js';
import { openaiCompletions } from './openai-completions.js';
import { openaiEmbeddings } from './openai-embeddings.js';
import { openaiImages } from './openai-images.js';
import { openaiResponses } from './openai-responses.js';
import { openaiTranscriptions } from './openai-transcriptions.js';
import type { Wire } from './wire.js';

/** Every wire format this package speaks. */
export const WIRES: readonly Wire[] = Object.freeze([
  openaiChat,
  openaiResponses,
  anthropicMessages,
  openaiCompletions,
  openaiEmbeddings,
  openaiImages,
  openaiTranscriptions,
  bedrockConverse,
]);

/**
 * The format of a POST to `path`, the path of the URL without its query; `undefined` where the path makes no answer we
 * know how to bill: token counting, batches, stored responses and everything else passes untouched.
 */
export function wireForPath(path: string): Wire | undefined {
  return WIRES.find((wire) => wire.matches(path));
}
