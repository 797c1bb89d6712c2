import { anthropicMessages } from './anthropic-messages.js';
import { bedrockConverse } from './bedrock-converse.js';
import { cohere } from './cohere.js';
import { gemini } from './gemini.js';
import { geminiInteractions } from './gemini-interactions.js';
import { mistralChat, mistralFim } from './mistral.js';
import { ollama } from './ollama.js';
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
  gemini,
  geminiInteractions,
  cohere,
  mistralChat,
  mistralFim,
  ollama,
]);

/**
 * The format of a POST to `path`, the path of the URL without its query; `undefined` where the path makes no answer we
 * know how to bill: token counting, batches, stored responses and everything else passes untouched.
 *
 * `provider` is who serves the host, where that is known: some speak a dialect of their own on a path they share.
 */
export function wireForPath(path: string, provider?: string): Wire | undefined {
  const matching = WIRES.filter((wire) => wire.matches(path));
  return matching.find((wire) => wire.provider === provider) ?? matching[0];
}

const MAX_REMEMBERED_PATHS = 500;

/** `wireForPath` that remembers its answers: a program calls few paths, and each call asks twice. */
export function createWireFinder(): typeof wireForPath {
  const known = new Map<string, Wire | undefined>();
  return (path, provider) => {
    const key = provider === undefined ? path : `${provider} ${path}`;
    if (known.has(key)) return known.get(key);
    const wire = wireForPath(path, provider);
    // Some formats name the model in the path, so there is no end of paths.
    if (known.size >= MAX_REMEMBERED_PATHS) known.clear();
    known.set(key, wire);
    return wire;
  };
}
