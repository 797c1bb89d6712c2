import { fileSize, formList, formText, isFormTrue } from './form-fields.js';
import { createInputCollector } from './input-collector.js';
import { followTranscriptStream } from './openai-transcriptions-stream.js';
import { readTranscript } from './openai-transcriptions-usage.js';
import { openaiError } from './openai-usage.js';
import type { CallRequest, InputContent, JsonObject, MediaPart, RequestPatch, Wire } from './wire.js';

/** The most text the gpt-4o transcription models write for one file (OpenAI's model pages, "max output tokens"). */
const MOST_TRANSCRIPT_TOKENS = 2000;

/**
 * OpenAI's transcriptions and translations of audio: multipart forms, read as `form-fields.ts` says. Shapes follow
 * `openai/resources/audio` of the openai package 6.49.
 *
 * Only the gpt-4o models are billed by tokens. Whisper and its like are billed by duration, and a transcript asked for as
 * plain text tells nothing: neither tells a usage in tokens, so the hold is charged.
 */
export const openaiTranscriptions: Wire = {
  id: 'openai-transcriptions',
  provider: 'openai',
  framing: 'sse',
  matches: (path) => /\/audio\/(?:transcriptions|translations)\/?$/.test(path),
  readRequest,
  readInput,
  rewrite,
  // The event that ends a transcript carries its usage.
  askForUsage: (body) => body,
  readResponse: readTranscript,
  followStream: followTranscriptStream,
  refusalBody: openaiError,
};

function readRequest(body: JsonObject): CallRequest {
  const model = formText(body.model) ?? '';
  const isBounded = /^gpt-4o(?:-mini)?-transcribe(?:-|$)/.test(model);
  return {
    operation: 'generate_content',
    model,
    stream: isFormTrue(body.stream),
    choices: 1,
    // The audio decides the length of the transcript: no ceiling can be sent, so none below the maximum is accepted.
    minOutputTokens: isBounded ? MOST_TRANSCRIPT_TOKENS : Number.MAX_SAFE_INTEGER,
    ...(isBounded && { maxOutputTokens: MOST_TRANSCRIPT_TOKENS }),
  };
}

function readInput(body: JsonObject): InputContent {
  const collector = createInputCollector();
  collector.addText(body.prompt);
  for (const name of formList(body, 'known_speaker_names')) collector.addText(name);
  // These are data URLs, and audio like the file itself.
  for (const sample of formList(body, 'known_speaker_references')) collector.addMedia('audio', sample);
  const content = collector.finish();
  return { ...content, media: [...content.media, ...formList(body, 'file').map(audioOf)] };
}

/** Speech becomes about seventeen tokens a second, and no format puts a second of it into fewer bytes than that. */
function audioOf(file: unknown): MediaPart {
  return { kind: 'audio', inlineCharacters: fileSize(file) ?? 0 };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return patch.model === undefined ? body : { ...body, model: patch.model };
}
