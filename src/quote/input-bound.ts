import { MAX_AMOUNT } from '../money.js';
import type { InputContent, JsonObject, MediaPart } from '../wire/wire.js';
import { countTokens, type Encoder } from './tokenizer.js';

/** How many tokens can come in at most, and how that is known. */
export interface InputBound {
  /** `undefined`: nothing bounds it. */
  readonly tokens: number | undefined;
  /** `bytes`: one token a byte. `counted`: the texts are counted, the rest is bounded by bytes and formulas. */
  readonly method: 'bytes' | 'counted';
  /** Whether some of the input may be billed at the audio rate. */
  readonly hasAudio: boolean;
}

/** What is known of the model that reads the input. */
export interface InputModel {
  readonly model: string;
  readonly provider: string;
  readonly contextTokens?: number;
}

/**
 * The most tokens an image can become, by model family, from the providers' own formulas at their largest size:
 * OpenAI's guide "Images and vision" (gpt-4o-mini: 2833 + 8 tiles of 5667; patch models: 10 000 patches with their
 * multiplier), Anthropic's guide "Vision" (at most 4784 at high resolution). Read 2026-11.
 */
const IMAGE_TOKENS: readonly { readonly models: RegExp; readonly tokens: number }[] = [
  { models: /gpt-4o-mini/, tokens: 48_169 },
  { models: /gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-6|^o[134]|computer-use/, tokens: 25_000 },
  { models: /claude/, tokens: 5000 },
];
const UNKNOWN_IMAGE_TOKENS = 50_000;

/**
 * Bounds the input by bytes: no tokenizer makes more tokens of a text than it has UTF-8 bytes. `bodyBytes` is the size
 * of everything that is sent.
 */
export function boundInputByBytes(bodyBytes: number, content: InputContent, model: InputModel): InputBound {
  return finish(bodyBytes + content.overheadTokens, content.media, model, 'bytes');
}

/** Bounds the input part by part: texts by `encode` where there is one, else by their bytes; media by formula. */
export function boundInputByParts(content: InputContent, model: InputModel, encode?: Encoder): InputBound {
  let tokens = content.overheadTokens;
  for (const text of content.texts) tokens += encode ? countTokens(text, encode) : Buffer.byteLength(text);
  for (const schema of content.schemas) tokens += schemaBytes(schema);
  return finish(tokens, content.media, model, 'counted');
}

function finish(
  textTokens: number,
  media: readonly MediaPart[],
  model: InputModel,
  method: InputBound['method'],
): InputBound {
  let tokens: number | undefined = textTokens;
  let hasAudio = false;
  for (const part of media) {
    const bound = mediaTokens(part, model);
    hasAudio ||= part.kind === 'audio';
    tokens = tokens === undefined || bound === undefined ? undefined : tokens + bound;
  }
  // The sizes of files are what a caller says they are; more than can be counted is as good as the most that can.
  return { tokens: tokens && Math.min(tokens, MAX_AMOUNT), method, hasAudio };
}

function mediaTokens(part: MediaPart, model: InputModel): number | undefined {
  if (part.kind === 'image') {
    return IMAGE_TOKENS.find((row) => row.models.test(model.model))?.tokens ?? UNKNOWN_IMAGE_TOKENS;
  }
  // Audio becomes about ten tokens a second, far fewer than its bytes.
  if (part.kind === 'audio' && part.inlineCharacters > 0) return part.inlineCharacters;
  // A document's pages cannot be known from here; a model never reads more than its context.
  return model.contextTokens;
}

function schemaBytes(schema: unknown): number {
  try {
    return Buffer.byteLength(typeof schema === 'string' ? schema : (JSON.stringify(schema) ?? ''));
  } catch {
    // Too deep to be written as JSON here; every node then counts with its braces and commas.
    return bytesOfStrings({ schema });
  }
}

/** At least the UTF-8 bytes of `body` as JSON without escapes. Walks with a list of its own, so depth costs no stack. */
export function bytesOfStrings(body: JsonObject): number {
  let bytes = 0;
  const pending: unknown[] = [body];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') bytes += Buffer.byteLength(value) + 2;
    else if (Array.isArray(value)) {
      bytes += 2 + value.length;
      for (const item of value) pending.push(item);
    } else if (typeof value === 'object' && value !== null) {
      bytes += 2;
      for (const key of Object.keys(value)) {
        bytes += key.length * 3 + 6;
        pending.push((value as JsonObject)[key]);
      }
    } else if (value !== undefined) bytes += 24;
  }
  return bytes;
}
