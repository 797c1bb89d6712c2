import type { FakeRequest } from './fake-request.js';

/**
 * How an answer goes wrong.
 *
 * - `reset-before-headers`: the connection is reset before a byte of the answer.
 * - `reset-after-headers`: the headers arrive, then the connection is reset.
 * - `cut-stream`: the connection closes after `faultAfterChunks` chunks; a plain body is cut in its middle.
 * - `truncated-json`: a plain body ends cleanly in its middle; in a stream, the event after `faultAfterChunks` chunks does.
 * - `malformed-sse`: after `faultAfterChunks` chunks lines come that are no events; a plain body is no JSON.
 * - `hang`: no answer ever; with `faultAfterChunks` a stream starts and then stops sending.
 * - `no-terminal-event`: the stream ends cleanly without usage and without the event that ends its protocol.
 * - `html-error`: a proxy's HTML page, with `status` or 502.
 */
export type FakeFault =
  | 'reset-before-headers'
  | 'reset-after-headers'
  | 'cut-stream'
  | 'truncated-json'
  | 'malformed-sse'
  | 'hang'
  | 'no-terminal-event'
  | 'html-error';

/** A call the model makes to the caller's tool. */
export interface FakeToolCall {
  readonly name: string;
  /** The arguments: an object, or the JSON text exactly as the model writes it. */
  readonly arguments: string | Readonly<Record<string, unknown>>;
}

/**
 * What the fake provider answers to one request. Every field may be left out: `{}` is sixteen words of text.
 * Token counts are those of the bill. **Totals include their parts**, as everywhere in this package.
 */
export interface FakeReply {
  /** Input tokens billed, cached ones included. Default: counted from the texts of the request. */
  readonly inputTokens?: number;
  /** Output tokens of one choice, reasoning included, before the request's own ceiling cuts them. Default: counted, or 16. */
  readonly outputTokens?: number;
  /** The part of `outputTokens` the model thinks with, before it says anything. */
  readonly reasoningTokens?: number;
  /**
   * Whether that thinking is sent. Default: on Anthropic when the request turned thinking on, elsewhere not.
   * Chat completions send it as `reasoning_content`, responses as a summary.
   */
  readonly visibleReasoning?: boolean;
  /** The part of the input read from a prompt cache. */
  readonly cachedTokens?: number;
  /** The part of the input written to a prompt cache (five minutes). */
  readonly cacheWriteTokens?: number;
  /** The text of the answer, streamed a word a chunk. */
  readonly text?: string;
  /** The text of the answer in the very chunks it is streamed in; beats `text`. */
  readonly chunks?: readonly string[];
  readonly toolCalls?: readonly FakeToolCall[];
  /** Milliseconds before the first byte. 0 (the default) sets no timer. */
  readonly latencyMs?: number;
  /**
   * Milliseconds between two chunks. 0 (the default) sets no timer: without it, or `holdAfterChunks`, a short stream
   * is written, and billed, whole before a client can go away.
   */
  readonly chunkDelayMs?: number;
  /** After so many chunks a stream waits for `releaseAll()` or for the client to go away. */
  readonly holdAfterChunks?: number;
  /** HTTP status. From 300 on the answer is an error. */
  readonly status?: number;
  /** The error's body: text as it is, anything else as JSON. Default: an error in the format of the wire. */
  readonly errorBody?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The model that says it answered, and whose price is billed. */
  readonly servedModel?: string;
  /** The service tier that says it answered, and whose price is billed where the price has one. */
  readonly serviceTier?: string;
  /** What stands in the place of the usage object: `'omit'` leaves it out, anything else is a lie sent as it is. */
  readonly usage?: unknown;
  /** Sends usage more than once: growing with each chunk where the format has room for it, and the last one twice. */
  readonly usageRepeated?: boolean;
  readonly fault?: FakeFault;
  /**
   * Chunks a stream sends before `fault`. Default: 1; none for `reset-after-headers`, all for `no-terminal-event`;
   * a `hang` without it sends not even headers.
   */
  readonly faultAfterChunks?: number;
  /** The body, verbatim, one write each: SSE frames with their blank lines. The tokens billed are spread over them. */
  readonly rawEvents?: readonly string[];
  /** Ends lines of a stream with CR LF. */
  readonly crlf?: boolean;
  /** Writes bodies in pieces of so many bytes, each its own HTTP chunk: splits lines and multibyte characters. */
  readonly splitBytes?: number;
  /** Bills an answer that the billing rule would not bill: an error status, or a reset before headers. */
  readonly billAnyway?: boolean;
}

/** Chooses the answer when a request has arrived. `index` counts requests from 0. What it throws becomes a 500. */
export type FakeResponder = (request: FakeRequest, index: number) => FakeReply | Promise<FakeReply>;

/** One answer for every request, or a choice. */
export type FakeScript = FakeReply | FakeResponder;
