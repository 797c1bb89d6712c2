import { createInputCollector, inlineData } from './input-collector.js';
import { asObject, isPresent } from './json.js';
import { addTextsOrTokens } from './openai-completions-input.js';
import type { InputContent, JsonObject } from './wire.js';

/** Everything that an embeddings request sends in. */
export function readEmbeddingsInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  addTextsOrTokens(body.input, { ...collector, addTree: (item) => addItem(item) });
  return collector.finish();

  function addItem(item: unknown): void {
    const part = asObject(item);
    // Multimodal models of compatible providers take `{ image, text }` in the place of a text.
    if (isPresent(part?.image)) {
      collector.addMedia('image', inlineData(part?.image));
      collector.addText(part?.text);
    } else collector.addTree(item);
  }
}
