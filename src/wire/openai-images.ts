import { formCount, formText, isFormTrue } from './form-fields.js';
import { asTimes } from './json.js';
import { readImagesInput } from './openai-images-input.js';
import { boundImageTokens } from './openai-images-output.js';
import { followImagesStream, readImagesBody } from './openai-images-stream.js';
import { openaiError } from './openai-usage.js';
import type { CallRequest, JsonObject, RequestPatch, Wire } from './wire.js';

/**
 * OpenAI's images: generations (JSON), edits and variations (multipart forms, read as `form-fields.ts` says). Shapes
 * follow `openai/resources/images` of the openai package 6.49.
 *
 * GPT Image models are billed by tokens. Models that are billed by the image (dall-e, and most of other providers) have
 * no tokens: a price apiece bounds and bills them, and without one they are unbounded.
 */
export const openaiImages: Wire = {
  id: 'openai-images',
  provider: 'openai',
  framing: 'sse',
  readsForms: true,
  matches: (path) => /\/images\/(?:generations|edits|variations)\/?$/.test(path),
  readRequest,
  readInput: readImagesInput,
  rewrite,
  // The event that completes an image carries its usage.
  askForUsage: (body) => body,
  readResponse: readImagesBody,
  followStream: followImagesStream,
  refusalBody: openaiError,
};

function readRequest(body: JsonObject): CallRequest {
  const tokens = boundImageTokens(body);
  return {
    operation: 'generate_content',
    model: formText(body.model) ?? '',
    stream: isFormTrue(body.stream),
    choices: asTimes(formCount(body.n) ?? body.n),
    maxImages: asTimes(formCount(body.n) ?? body.n),
    // Size and quality decide the tokens: no ceiling can be sent, so none below what they come to is accepted.
    minOutputTokens: tokens ?? Number.MAX_SAFE_INTEGER,
    ...(tokens !== undefined && { maxOutputTokens: tokens }),
  };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return patch.model === undefined ? body : { ...body, model: patch.model };
}
