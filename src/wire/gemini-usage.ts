import type { Usage } from '../usage/usage.js';
import { fieldOf } from './gemini-fields.js';
import { asArray, asName, asObject, asString } from './json.js';
import { makeUsage, maxCount, rawCount, sumCounts } from './usage-counts.js';
import type { JsonObject, ResponseReading } from './wire.js';

/** Counts of Google's, by the meaning they have in all of its formats. */
export interface GoogleCounts {
  readonly prompt: number | undefined;
  /** Input that the provider's own tools brought in, counted beside the prompt. */
  readonly toolPrompt: number | undefined;
  readonly output: number | undefined;
  /** Reasoning, counted beside the output. */
  readonly thoughts: number | undefined;
  readonly total: number | undefined;
  readonly cached: number | undefined;
  readonly audioInput: number | undefined;
  readonly audioOutput: number | undefined;
  readonly imageInput: number | undefined;
  readonly imageOutput: number | undefined;
}

/**
 * The bill in Google's counts, which leave out what is zero; `undefined` where they say nothing of the prompt or the
 * total. `prompt + toolPrompt + output + thoughts = total`: where the total says more, the rest is dear output.
 */
export function makeGoogleUsage(counts: GoogleCounts, webSearchRequests: number | undefined): Usage | undefined {
  if (counts.prompt === undefined && counts.total === undefined) return undefined;
  const input = sumCounts([counts.prompt, counts.toolPrompt]);
  const output = sumCounts([counts.output, counts.thoughts]);
  const rest =
    counts.total === undefined || input === undefined ? undefined : (maxCount(counts.total, input) ?? 0) - input;
  // Without a total, output that is not told is not zero but unknown.
  return makeUsage(counts.prompt === undefined ? undefined : input, maxCount(output, rest), {
    cacheReadInputTokens: counts.cached,
    cacheWriteInputTokens: undefined,
    cacheWrite1hInputTokens: undefined,
    audioInputTokens: counts.audioInput,
    reasoningOutputTokens: counts.thoughts,
    audioOutputTokens: counts.audioOutput,
    imageInputTokens: counts.imageInput,
    imageOutputTokens: counts.imageOutput,
    webSearchRequests,
  });
}

/** The bill in a `usageMetadata`; `undefined` where it says nothing of tokens, as Vertex's do before the last. */
export function readGeminiUsage(usage: JsonObject, webSearchRequests: number | undefined): Usage | undefined {
  const input = [usage.promptTokensDetails, usage.toolUsePromptTokensDetails];
  const output = [usage.candidatesTokensDetails];
  return makeGoogleUsage(
    {
      prompt: rawCount(usage.promptTokenCount),
      toolPrompt: rawCount(usage.toolUsePromptTokenCount),
      output: rawCount(usage.candidatesTokenCount),
      thoughts: rawCount(usage.thoughtsTokenCount),
      total: rawCount(usage.totalTokenCount),
      cached: rawCount(usage.cachedContentTokenCount),
      audioInput: audioCount(input, 'tokenCount'),
      audioOutput: audioCount(output, 'tokenCount'),
      imageInput: imageCount(input, 'tokenCount'),
      imageOutput: imageCount(output, 'tokenCount'),
    },
    webSearchRequests,
  );
}

/** The audio in breakdowns by modality, whose counts stand under `field`; `undefined` where there is none. */
export function audioCount(breakdowns: readonly unknown[], field: string): number | undefined {
  return countOf('audio', breakdowns, field);
}

/** The images in breakdowns by modality: 0 where they tell of other things only; `undefined` where there are none. */
export function imageCount(breakdowns: readonly unknown[], field: string): number | undefined {
  const isTold = breakdowns.some((breakdown) => asArray(breakdown).length > 0);
  return countOf('image', breakdowns, field) ?? (isTold ? 0 : undefined);
}

function countOf(modality: string, breakdowns: readonly unknown[], field: string): number | undefined {
  const rows = breakdowns
    .flatMap(asArray)
    .map(asObject)
    .filter((row) => asString(row?.modality)?.toLowerCase() === modality);
  return sumCounts(rows.map((row) => rawCount(row?.[field])));
}

/** Adds the web searches that the candidates of a response or a chunk tell of to `into`. */
export function collectSearches(response: JsonObject, into: Set<string>): void {
  for (const candidate of asArray(response.candidates)) {
    const grounding = asObject(asObject(candidate)?.groundingMetadata);
    for (const query of asArray(grounding?.webSearchQueries))
      if (asName(query) !== undefined) into.add(query as string);
  }
}

/** The billed searches among `searches`: one for each query, but before Gemini 3 one for each grounded request. */
export function billedSearches(searches: number, model: string | undefined): number | undefined {
  if (searches === 0) return undefined;
  return model !== undefined && /gemini-[12](?:\D|$)/.test(model) ? 1 : searches;
}

/** What a response, or the last chunk of one, says of its own bill beside the usage. */
export function makeGeminiReading(
  model: string | undefined,
  usageMetadata: JsonObject | undefined,
  usage: Usage | undefined,
): ResponseReading {
  const serviceTier = tierOf(usageMetadata);
  return {
    ...(usage !== undefined && { usage }),
    ...(model !== undefined && { servedModel: model }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

/** The tier that served: the Gemini API's `serviceTier`, or what Vertex's kinds of traffic come to. */
function tierOf(usageMetadata: JsonObject | undefined): string | undefined {
  const tier = asName(fieldOf(usageMetadata, 'serviceTier'));
  if (tier !== undefined) return tier.toLowerCase();
  return /^ON_DEMAND_(FLEX|PRIORITY)$/.exec(asString(usageMetadata?.trafficType) ?? '')?.[1]?.toLowerCase();
}
