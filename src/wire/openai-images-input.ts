import { formList } from './form-fields.js';
import { createInputCollector, inlineData } from './input-collector.js';
import { asObject } from './json.js';
import type { InputContent, JsonObject } from './wire.js';

// The hidden prompt around an image request is a handful of tokens; this is well above it.
const TOKENS_PER_REQUEST = 64;

/** Everything that an image request sends in: the prompt, the images to change, and the mask, which is one too. */
export function readImagesInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addOverhead(TOKENS_PER_REQUEST);
  collector.addText(body.prompt);
  for (const image of [...formList(body, 'image'), ...formList(body, 'images'), ...formList(body, 'mask')]) {
    // An uploaded file, its address, or an object that holds the address.
    collector.addMedia('image', inlineData(asObject(image)?.image_url ?? image));
  }
  return collector.finish();
}
