import { fieldOf } from './gemini-fields.js';
import { billedSearches, collectSearches, makeGeminiReading, readGeminiUsage } from './gemini-usage.js';
import { asArray, asCount, asName, asObject, isPresent } from './json.js';
import { collectStrings } from './json-text.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

/** What has been seen of one stream. */
interface Progress {
  readonly choices: number;
  readonly finished: Set<number>;
  readonly searches: Set<string>;
  /** The last usage that told of tokens, and that no output has come after. */
  usage: JsonObject | undefined;
  isBlocked: boolean;
  model: string | undefined;
}

/**
 * Follows a stream of `generateContent` chunks. Each chunk may carry the usage so far; the last one counts whole, because
 * later ones may leave out fields that earlier ones had.
 *
 * The protocol has no last event: the stream is over where it ends. Once every candidate has finished, the usage of that
 * chunk is the bill as far as anyone knows, so a caller who stops reading there without closing the connection (the SDK
 * does not close it) has still been told the cost; a later chunk replaces it.
 */
export function followGeminiStream(choices: number): StreamReader {
  const progress: Progress = {
    choices,
    finished: new Set(),
    searches: new Set(),
    usage: undefined,
    isBlocked: false,
    model: undefined,
  };
  return {
    read: (_data, json) => (json === undefined ? {} : readChunk(progress, json)),
    result: () => currentReading(progress),
    get inputUsage() {
      const { usage } = progress;
      if (usage === undefined) return undefined;
      const { promptTokenCount, toolUsePromptTokenCount, promptTokensDetails, cachedContentTokenCount } = usage;
      const early = { promptTokenCount, toolUsePromptTokenCount, promptTokensDetails, cachedContentTokenCount };
      return readGeminiUsage({ ...early, candidatesTokenCount: 0 }, undefined);
    },
  };
}

function readChunk(progress: Progress, json: JsonObject): StreamEventReading {
  const candidates = asArray(json.candidates);
  progress.model = asName(json.modelVersion) ?? progress.model;
  if (isPresent(asObject(json.promptFeedback)?.blockReason)) progress.isBlocked = true;
  const usage = asObject(json.usageMetadata);
  if (usage !== undefined && readGeminiUsage(usage, undefined) !== undefined) progress.usage = usage;
  // Output that comes without counts makes the counts before it old.
  else if (candidates.length > 0) progress.usage = undefined;
  collectSearches(json, progress.searches);
  const deltas: string[] = [];
  for (const value of candidates) readCandidate(progress, asObject(value), deltas);
  // An error takes the place of everything that was still to come.
  const terminal = asObject(json.error) !== undefined && candidates.length === 0;
  return { ...(deltas.length > 0 && { deltas }), ...(terminal && { terminal }) };
}

function readCandidate(progress: Progress, candidate: JsonObject | undefined, deltas: string[]): void {
  if (candidate === undefined) return;
  const index = asCount(candidate.index) ?? 0;
  if (asName(candidate.finishReason) !== undefined && index < progress.choices) progress.finished.add(index);
  for (const value of asArray(asObject(candidate.content)?.parts)) {
    const part = asObject(value);
    if (asName(part?.text) !== undefined) deltas.push(part?.text as string);
    // Signatures and inline media are base64, which says nothing of tokens.
    for (const name of ['functionCall', 'executableCode', 'codeExecutionResult']) {
      const content = fieldOf(part, name);
      if (content !== undefined) collectStrings(content, deltas);
    }
  }
}

function currentReading(progress: Progress): ResponseReading {
  const isComplete = progress.isBlocked || progress.finished.size >= progress.choices;
  const searches = billedSearches(progress.searches.size, progress.model);
  const usage = progress.usage !== undefined && isComplete ? readGeminiUsage(progress.usage, searches) : undefined;
  return makeGeminiReading(progress.model, progress.usage, usage);
}
