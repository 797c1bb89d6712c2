import { createInputCollector } from './input-collector.js';
import { asArray, asTimes } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

/** Everything that a completion request sends in: its prompts, and the text to end with. */
export function readCompletionsInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  addTextsOrTokens(body.prompt, collector);
  collector.addText(body.suffix);
  return collector.finish();
}

/** What an input can be that is written as texts or as token ids. */
interface TextCollector {
  addText(value: unknown): void;
  addTree(value: unknown): void;
  addOverhead(tokens: number): void;
}

/** Adds a text, a list of texts, a list of token ids, or a list of such lists. */
export function addTextsOrTokens(input: unknown, collector: TextCollector): void {
  if (typeof input === 'string') collector.addText(input);
  else if (!Array.isArray(input)) collector.addTree(input);
  else for (const item of input) addItem(item, collector);
}

function addItem(item: unknown, collector: TextCollector): void {
  if (typeof item === 'string') collector.addText(item);
  // A token id is a token.
  else if (typeof item === 'number') collector.addOverhead(1);
  else if (Array.isArray(item) && item.every((token) => typeof token === 'number')) collector.addOverhead(item.length);
  else collector.addTree(item);
}

/**
 * How many completions the provider makes: for each prompt as many as `n` and `best_of` ask for, whichever is more;
 * those it does not show are billed too.
 */
export function countCompletions(body: JsonObject): number {
  const perPrompt = Math.max(asTimes(body.n), asTimes(body.best_of));
  // A list of token ids is one prompt.
  const prompts = asArray(body.prompt).filter((item) => typeof item !== 'number').length;
  return Math.min(perPrompt * Math.max(1, prompts), Number.MAX_SAFE_INTEGER);
}
