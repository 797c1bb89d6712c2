import type { Usage } from '../usage/usage.js';

/** A JSON object as it came over the wire: nothing in it can be trusted to have a type. */
export type JsonObject = { readonly [key: string]: unknown };

/** Something in a request that is not text and has its own rule for how many tokens it can become. */
export interface MediaPart {
  readonly kind: 'image' | 'audio' | 'file';
  /** Characters of inline data, which count as text in a bound by bytes; 0 where the part is a reference. */
  readonly inlineCharacters: number;
  /** For images: the detail the caller asked for. */
  readonly detail?: string;
}

/** What a request sends in, sorted by how it can be counted. */
export interface InputContent {
  /** Texts that a tokenizer can count. */
  readonly texts: readonly string[];
  /**
   * JSON values the provider renders in a form of its own (tool schemas, response formats): bounded by the bytes of their
   * JSON. Left as they are, because most calls are never counted.
   */
  readonly schemas: readonly unknown[];
  readonly media: readonly MediaPart[];
  /** Tokens of framing and of hidden prompts: per message, per tool, per call. An upper bound. */
  readonly overheadTokens: number;
}

/** Hosted tools let the provider loop: each round sends the whole context in again. */
export interface HostedTools {
  /** The most tool calls in one answer; `undefined`: nothing limits them. */
  readonly maxCalls: number | undefined;
  /** How many of those can be web searches, billed by the piece; without a limit on the calls, the least to reckon with. */
  readonly maxWebSearches: number;
  /** The same for searches of stored files; absent: none. They share the limit on calls with web searches. */
  readonly maxFileSearches?: number;
  /** The same for images another model makes; absent: none. They share that limit too. */
  readonly maxImages?: number;
  /** Containers opened to run code, in sessions of 1 GB, whether or not anything runs; absent: none. */
  readonly maxCodeSessions?: number;
}

/** What the guard needs to know of a request. Plain data, read without trusting the body. */
export interface CallRequest {
  /** OpenTelemetry's `gen_ai.operation.name`. */
  readonly operation: 'chat' | 'text_completion' | 'embeddings' | 'generate_content';
  readonly model: string;
  readonly stream: boolean;
  /** The caller's own output ceiling for one choice; absent where there is none or it is nonsense. 0 means zero. */
  readonly maxOutputTokens?: number;
  /** How many answers are asked for; at least 1. */
  readonly choices: number;
  /** The least ceiling this format accepts for this request. */
  readonly minOutputTokens: number;
  /** The most images the call itself makes, where it makes any. */
  readonly maxImages?: number;
  /** The longest the audio can be that the call sends in to be written down. */
  readonly maxAudioSeconds?: number;
  readonly serviceTier?: string;
  /** Whether the caller turned on reasoning whose tokens he may not see; absent: the model decides. */
  readonly hidesReasoning?: boolean;
  /** Why nothing in the request bounds its input, where that is so (history kept at the provider). */
  readonly unboundedInput?: string;
  readonly hostedTools?: HostedTools;
}

/** A change to a request. Absent keys leave the request as it is. */
export interface RequestPatch {
  readonly model?: string;
  readonly maxOutputTokens?: number;
}

/** What a response says of its own bill. */
export interface ResponseReading {
  readonly usage?: Usage;
  readonly servedModel?: string;
  readonly serviceTier?: string;
  /** A cost the provider reported itself, in pico-dollars. */
  readonly reportedCostPicoUsd?: number;
  /** What other models did for this answer, beside `usage` and billed at their own rates; never empty. */
  readonly sideRounds?: readonly SideRound[];
}

/** One round that another model ran on the side: an advisor, or the attempt a fallback took the place of. */
export interface SideRound {
  readonly model: string;
  readonly usage: Usage;
}

/** What one event of a stream means. */
export interface StreamEventReading {
  /** The protocol's last event: what follows is not part of the answer. */
  readonly terminal?: boolean;
  /** The event exists only because we asked for it: the user never sees it. */
  readonly strip?: boolean;
  /** The event to show instead, where we asked for a field the user did not. */
  readonly replaceData?: string;
  /** Text, visible reasoning and tool-call arguments in this event, for estimates. */
  readonly deltas?: readonly string[];
}

/** Follows one stream. Made anew for each; holds the usage seen so far. */
export interface StreamReader {
  /** Takes one event, in order: its SSE data as text, and that data parsed where it is JSON. */
  read(data: string, json: JsonObject | undefined): StreamEventReading;
  /** The bill as far as it is known. `usage` is set only when the provider said what the whole answer cost. */
  result(): ResponseReading;
  /** The exact input usage where the provider told it early; for estimates. */
  readonly inputUsage?: Usage | undefined;
}

/** How a stream is cut into events: `data:` lines, one JSON object a line, or AWS's binary messages. */
export type Framing = 'sse' | 'ndjson' | 'aws-event-stream';

/**
 * One wire format as pure functions. A codec reads and rewrites bodies; it never sends, waits or keeps state.
 * Bodies are untrusted: a codec reads nonsense as absent and throws nothing.
 */
export interface Wire {
  readonly id: string;
  /** The provider of this format's own host, for price look-ups: `openai`, `anthropic`. */
  readonly provider: string;
  /** How the answer is cut into events where it streams. */
  readonly framing: Framing;
  /** Whether a stream may come as one JSON document, a list of answers, where the caller did not ask for events. */
  readonly streamsAsJson?: boolean;
  /** Whether its requests may be forms; the client reads one as an object of its fields. */
  readonly readsForms?: boolean;
  /** Whether other programs use this path too, so that a body without a model is none of ours. */
  readonly sharesPath?: boolean;
  /** The field that holds the turns of a conversation, oldest first, where the format has one. */
  readonly turnsField?: string;
  /** Whether a POST to `path` speaks this format. */
  matches(path: string): boolean;
  /** Some formats name the model, or ask for a stream, in the path. */
  readRequest(body: JsonObject, path: string): CallRequest;
  /** Everything that is sent in, for counting. Linear in the number of parts. */
  readInput(body: JsonObject): InputContent;
  /** The body with the patch applied, under the field names the caller used; never mutates `body`. */
  rewrite(body: JsonObject, patch: RequestPatch, host: { readonly official: boolean }): JsonObject;
  /** The path with another model, for formats that name it there. */
  rewritePath?(path: string, model: string): string;
  /** Prepares a streamed request so that its usage is told; the same object where nothing is needed. */
  askForUsage(body: JsonObject): JsonObject;
  readResponse(body: JsonObject): ResponseReading;
  /** `sent` is the body as the caller wrote it, before `askForUsage`. */
  followStream(sent: JsonObject): StreamReader;
  /** A refusal in this format's own error shape. */
  refusalBody(error: { readonly code: string; readonly message: string }): JsonObject;
}
