import { fileSize, formList, formText, isFormTrue } from './form-fields.js';
import { createInputCollector } from './input-collector.js';
import { followTranscriptStream } from './openai-transcriptions-stream.js';
import { readTranscript } from './openai-transcriptions-usage.js';
import { openaiError } from './openai-usage.js';
import { sumCounts } from './usage-counts.js';
import type { CallRequest, InputContent, JsonObject, MediaPart, RequestPatch, Wire } from './wire.js';

/** The most text the gpt-4o transcription models write for one file (OpenAI's model pages, "max output tokens"). */
const MOST_TRANSCRIPT_TOKENS = 2000;
/** They refuse a longer recording, in seconds; the API says so in its error, and for some of them from 1400 on. */
const MOST_AUDIO_SECONDS = 1500;
/** OpenAI reckons $0.006 a minute at $6 a million tokens, which is below seventeen a second; this is on the dear side. */
const AUDIO_TOKENS_PER_SECOND = 25;
/** Silence in Opus or FLAC takes the fewest bytes a second, and still more than this. */
const LEAST_BYTES_PER_SECOND = 16;
/** Stands for the length of audio of unknown size, where a budget admits the call all the same: a day. */
const UNKNOWN_SECONDS = 86_400;

/**
 * OpenAI's transcriptions and translations of audio: multipart forms, read as `form-fields.ts` says. Shapes follow
 * `openai/resources/audio` of the openai package 6.49.
 *
 * The gpt-4o models are billed by tokens; Whisper and its like by the length of the audio, which the size of the file
 * bounds from far above. A transcript asked for as plain text tells nothing, so the hold is charged.
 */
export const openaiTranscriptions: Wire = {
  id: 'openai-transcriptions',
  provider: 'openai',
  framing: 'sse',
  readsForms: true,
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
  const isBounded = isTokenBilled(model);
  const seconds = sumCounts(formList(body, 'file').map(boundSeconds));
  return {
    operation: 'generate_content',
    model,
    stream: isFormTrue(body.stream),
    choices: 1,
    // The audio decides the length of the transcript: no ceiling can be sent, so none below the maximum is accepted.
    minOutputTokens: isBounded ? MOST_TRANSCRIPT_TOKENS : Number.MAX_SAFE_INTEGER,
    ...(isBounded && { maxOutputTokens: MOST_TRANSCRIPT_TOKENS }),
    maxAudioSeconds: seconds === undefined || Number.isNaN(seconds) ? UNKNOWN_SECONDS : seconds,
  };
}

function isTokenBilled(model: string): boolean {
  return /^gpt-4o(?:-mini)?-transcribe(?:-|$)/.test(model);
}

function readInput(body: JsonObject): InputContent {
  const mostTokens = isTokenBilled(formText(body.model) ?? '')
    ? MOST_AUDIO_SECONDS * AUDIO_TOKENS_PER_SECOND
    : Number.MAX_SAFE_INTEGER;
  const collector = createInputCollector();
  collector.addText(body.prompt);
  for (const name of formList(body, 'known_speaker_names')) collector.addText(name);
  // These are data URLs, and audio like the file itself.
  for (const sample of formList(body, 'known_speaker_references')) collector.addMedia('audio', sample);
  const content = collector.finish();
  const recordings = formList(body, 'file').map((file) => boundRecording(file, mostTokens));
  return { ...content, media: [...content.media, ...recordings] };
}

/** The longest recording that a file can be. */
function boundSeconds(file: unknown): number {
  const bytes = fileSize(file);
  return bytes === undefined ? UNKNOWN_SECONDS : Math.ceil(bytes / LEAST_BYTES_PER_SECOND);
}

/** Speech becomes about seventeen tokens a second, and no format puts a second of it into fewer bytes than that. */
function boundRecording(file: unknown, mostTokens: number): MediaPart {
  return { kind: 'audio', inlineCharacters: Math.min(fileSize(file) ?? 0, mostTokens) };
}

function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  return patch.model === undefined ? body : { ...body, model: patch.model };
}
