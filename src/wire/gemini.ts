import { fieldOf, keyOf, requestField, settingsOf } from './gemini-fields.js';
import { readGeminiInput } from './gemini-input.js';
import { readGeminiPath, rewriteGeminiPath } from './gemini-path.js';
import { followGeminiStream } from './gemini-stream.js';
import { billedSearches, collectSearches, makeGeminiReading, readGeminiUsage } from './gemini-usage.js';
import { asArray, asCount, asName, asObject, asString, asTimes } from './json.js';
import type { CallRequest, HostedTools, JsonObject, RequestPatch, ResponseReading, Wire } from './wire.js';

const CEILING = 'maxOutputTokens';

/** What may stand in a tool that the caller's own code runs. Everything else loops at the provider. */
const CLIENT_TOOLS: ReadonlySet<string> = new Set([
  'functionDeclarations',
  'function_declarations',
  'computerUse',
  'computer_use',
]);

const WEB_SEARCHES: readonly string[] = [
  'googleSearch',
  'googleSearchRetrieval',
  'enterpriseWebSearch',
  'exaAiSearch',
  'parallelAiSearch',
];

/**
 * Google's `generateContent` and `streamGenerateContent`, as the Gemini API and Vertex AI speak them. Shapes follow
 * `@google/genai` 3.1. Fields may be written in snake case as well as in camel case; a patch keeps to the caller's.
 *
 * A stream comes as server-sent events with `alt=sse` in the URL, which all of Google's SDKs ask for, and else as one
 * JSON array, whose objects are then the events.
 */
export const gemini: Wire = {
  id: 'gemini',
  provider: 'google',
  framing: 'sse',
  streamsAsJson: true,
  turnsField: 'contents',
  matches: (path) => readGeminiPath(path) !== undefined,
  readRequest,
  readInput: readGeminiInput,
  rewrite,
  rewritePath: rewriteGeminiPath,
  // Every stream carries its usage.
  askForUsage: (body) => body,
  readResponse,
  followStream: (sent) => followGeminiStream(choicesOf(sent)),
  refusalBody: googleError,
};

function readRequest(body: JsonObject, path: string): CallRequest {
  const target = readGeminiPath(path);
  const settings = settingsOf(body);
  const ceiling = asCount(fieldOf(settings, CEILING));
  const thinking = asObject(fieldOf(settings, 'thinkingConfig'));
  const serviceTier = asName(requestField(body, 'serviceTier'))?.toLowerCase();
  const unboundedInput = findHeldInput(body);
  const hostedTools = readHostedTools(body);
  return {
    operation: 'generate_content',
    model: target?.model ?? asString(body.model)?.replace(/^models\//, '') ?? '',
    stream: target?.stream === true,
    choices: choicesOf(body),
    // A thinking budget above the ceiling is accepted: the ceiling then ends the thinking.
    minOutputTokens: 1,
    ...(ceiling !== undefined && { maxOutputTokens: ceiling }),
    ...(serviceTier !== undefined && { serviceTier }),
    // Thoughts count towards the ceiling and are never shown whole. A budget of 0 turns them off; without a word of
    // thinking the model decides.
    ...(thinking !== undefined && { hidesReasoning: fieldOf(thinking, 'thinkingBudget') !== 0 }),
    ...(unboundedInput !== undefined && { unboundedInput }),
    ...(hostedTools !== undefined && { hostedTools }),
  };
}

function choicesOf(body: JsonObject): number {
  return asTimes(fieldOf(settingsOf(body), 'candidateCount'));
}

/** Why the request does not show its whole input; nothing in it says how large a cached prefix is. */
function findHeldInput(body: JsonObject): string | undefined {
  if (requestField(body, 'cachedContent') !== undefined)
    return 'cachedContent sends a prefix that is kept at the provider';
  if (requestField(body, 'continuationToken') !== undefined) {
    return 'continuationToken resumes an answer that is kept at the provider';
  }
  return undefined;
}

/** Google's own tools: nothing in the request limits how often the model calls them. */
function readHostedTools(body: JsonObject): HostedTools | undefined {
  const tools = asArray(requestField(body, 'tools')).map(asObject);
  if (!tools.some(isHosted)) return undefined;
  const searches = tools.some((tool) => WEB_SEARCHES.some((name) => fieldOf(tool, name) !== undefined));
  return { maxCalls: undefined, maxWebSearches: searches ? 1 : 0 };
}

function isHosted(tool: JsonObject | undefined): boolean {
  return Object.keys(tool ?? {}).some((key) => !CLIENT_TOOLS.has(key) && fieldOf(tool, key) !== undefined);
}

/** The model is in the path; a body that names it too names the new one. */
function rewrite(body: JsonObject, patch: RequestPatch): JsonObject {
  const rewritten: Record<string, unknown> = { ...body };
  if (patch.model !== undefined && 'model' in body) rewritten.model = patch.model;
  if (patch.maxOutputTokens !== undefined) {
    const holder = holderOf(body);
    const settings = asObject(body[holder]) ?? {};
    rewritten[holder] = { ...settings, [ceilingName(holder, settings)]: patch.maxOutputTokens };
  }
  return rewritten;
}

function holderOf(body: JsonObject): string {
  const holder = keyOf(body, 'generationConfig');
  return asObject(body[holder]) === undefined && asObject(body.config) !== undefined ? 'config' : holder;
}

/** The name the caller used for the ceiling; else the case in which he wrote the settings. */
function ceilingName(holder: string, settings: JsonObject): string {
  const used = keyOf(settings, CEILING);
  return used === CEILING && holder.includes('_') && !(CEILING in settings) ? 'max_output_tokens' : used;
}

function readResponse(body: JsonObject): ResponseReading {
  const usageMetadata = asObject(body.usageMetadata);
  const model = asName(body.modelVersion);
  const searches = new Set<string>();
  collectSearches(body, searches);
  const usage = usageMetadata && readGeminiUsage(usageMetadata, billedSearches(searches.size, model));
  return makeGeminiReading(model, usageMetadata, usage);
}

/** A refusal in the error shape that Google's APIs share; 402 is the HTTP status it comes with. */
export function googleError(error: { readonly code: string; readonly message: string }): JsonObject {
  const reason = error.code.toUpperCase();
  return {
    error: {
      code: 402,
      message: error.message,
      status: reason,
      details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'tokenguard' }],
    },
  };
}
