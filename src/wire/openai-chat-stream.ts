import { asArray, asCount, asName, asObject, asTimes, isPresent, parseJson } from './json.js';
import { collectStrings, toJsonText } from './json-text.js';
import { makeReading, readChatUsage } from './openai-usage.js';
import type { JsonObject, ResponseReading, StreamEventReading, StreamReader } from './wire.js';

function asksForUsage(body: JsonObject): boolean {
  return asObject(body.stream_options)?.include_usage === true;
}

/** Whether a chat request has to be made to ask for the usage of its stream: the caller did not. */
export function mustBeAsked(body: JsonObject): boolean {
  // Options that are no object get the request refused; mending them would send what the caller never sent.
  const canAsk = asObject(body.stream_options) !== undefined || !isPresent(body.stream_options);
  return body.stream === true && canAsk && !asksForUsage(body);
}

/** What has been seen of one stream. */
interface Progress {
  /** Whether usage is told because we asked for it. */
  readonly isOurAsk: boolean;
  readonly choices: number;
  readonly finished: Set<number>;
  usageChunk: JsonObject | undefined;
  hasUsageOnly: boolean;
  isDone: boolean;
  hasSearched: boolean;
  model: string | undefined;
  serviceTier: string | undefined;
}

/**
 * Follows a stream of chat completion chunks. `sent` is the request as the caller wrote it: where it did not ask for
 * usage, the chunk that carries nothing else is taken out and the `usage: null` on the others too, so that the caller
 * sees the stream he asked for.
 */
export function followChatStream(sent: JsonObject): StreamReader {
  const progress: Progress = {
    isOurAsk: mustBeAsked(sent),
    choices: asTimes(sent.n),
    finished: new Set(),
    usageChunk: undefined,
    hasUsageOnly: false,
    isDone: false,
    hasSearched: false,
    model: undefined,
    serviceTier: undefined,
  };
  return {
    read: (data, json) => (json === undefined ? readText(progress, data) : readChunk(progress, data, json)),
    result: () => currentReading(progress),
  };
}

function readText(progress: Progress, data: string): StreamEventReading {
  if (data.trim() !== '[DONE]') return {};
  progress.isDone = true;
  return { terminal: true };
}

function readChunk(progress: Progress, data: string, json: JsonObject): StreamEventReading {
  progress.model = asName(json.model) ?? progress.model;
  progress.serviceTier = asName(json.service_tier) ?? progress.serviceTier;
  const choices = asArray(json.choices);
  const deltas: string[] = [];
  for (const choice of choices) readChoice(progress, asObject(choice), deltas);
  const usage = usageOf(json);
  // Some providers repeat a growing usage on every chunk; each one replaces the one before.
  if (usage !== undefined) progress.usageChunk = usage;
  const isUsageOnly = usage !== undefined && Array.isArray(json.choices) && choices.length === 0;
  if (isUsageOnly) progress.hasUsageOnly = true;
  const reading: StreamEventReading = deltas.length > 0 ? { deltas } : {};
  // An error takes the place of everything that was still to come, `[DONE]` included.
  if (asObject(json.error) !== undefined && choices.length === 0) return { ...reading, terminal: true };
  if (!progress.isOurAsk) return reading;
  // Azure puts its prompt filter results on a chunk without choices: that chunk is the caller's.
  if (isUsageOnly && json.usage !== undefined && json.prompt_filter_results === undefined) {
    return { ...reading, strip: true };
  }
  return json.usage === null ? { ...reading, replaceData: withoutNullUsage(data, json) } : reading;
}

function readChoice(progress: Progress, choice: JsonObject | undefined, deltas: string[]): void {
  if (choice === undefined) return;
  const index = asCount(choice.index) ?? 0;
  if (asName(choice.finish_reason) !== undefined && index < progress.choices) progress.finished.add(index);
  const delta = asObject(choice.delta);
  if (delta === undefined) return;
  addText(delta.content, deltas);
  // Providers that send both names send the same text twice.
  addText(delta.reasoning_content ?? delta.reasoning, deltas);
  addText(delta.refusal, deltas);
  addText(asObject(delta.audio)?.transcript, deltas);
  addCall(delta.function_call, deltas);
  for (const call of asArray(delta.tool_calls)) {
    addCall(asObject(call)?.function, deltas);
    addText(asObject(asObject(call)?.custom)?.input, deltas);
  }
  if (hasUrlCitation(delta.annotations)) progress.hasSearched = true;
}

function addCall(value: unknown, deltas: string[]): void {
  const call = asObject(value);
  addText(call?.name, deltas);
  addText(call?.arguments, deltas);
}

function addText(value: unknown, deltas: string[]): void {
  if (asName(value) !== undefined) deltas.push(value as string);
  else if (Array.isArray(value)) collectStrings(value, deltas);
}

/** Whether an answer cites the web: chat completions tell of a hosted search in no other way. */
export function hasUrlCitation(annotations: unknown): boolean {
  return asArray(annotations).some((annotation) => asObject(annotation)?.type === 'url_citation');
}

function usageOf(json: JsonObject): JsonObject | undefined {
  return asObject(json.usage) ?? asObject(asObject(json.x_groq)?.usage);
}

function currentReading(progress: Progress): ResponseReading {
  const { usageChunk } = progress;
  // A usage that still grows is not the bill: it is once the choices are finished or the provider says no more.
  const isComplete = progress.isDone || progress.hasUsageOnly || progress.finished.size >= progress.choices;
  const usage =
    usageChunk !== undefined && isComplete
      ? readChatUsage(usageChunk, progress.hasSearched ? 1 : undefined)
      : undefined;
  return makeReading(
    { model: progress.model, service_tier: progress.serviceTier },
    usage,
    isComplete ? usageChunk : undefined,
  );
}

const KEY = '"usage"';
const NULL_AFTER_KEY = /^\s*:\s*null/;

/** The chunk's text without its top-level `usage: null`, everything else as the provider wrote it where that can be. */
function withoutNullUsage(data: string, json: JsonObject): string {
  const cut = data.indexOf(KEY) === data.lastIndexOf(KEY) ? cutNullUsage(data) : undefined;
  // With escapes in play the one match may have been a deeper key, and the top-level one spelled otherwise.
  const isCut = cut !== undefined && (!data.includes('\\u') || !Object.hasOwn(parseJson(cut) ?? json, 'usage'));
  if (isCut) return cut;
  const { usage: _, ...rest } = json;
  return toJsonText(rest);
}

/** Cuts the only `"usage"` key, its `null` and one of the commas beside it. */
function cutNullUsage(data: string): string | undefined {
  const start = data.indexOf(KEY);
  const value = NULL_AFTER_KEY.exec(data.slice(start + KEY.length));
  if (start < 0 || value === null) return undefined;
  const before = data.slice(0, start).trimEnd();
  const after = data.slice(start + KEY.length + value[0].length);
  if (before.endsWith(',')) return before.slice(0, -1) + after;
  const next = after.trimStart();
  return before + (next.startsWith(',') ? next.slice(1) : after);
}
