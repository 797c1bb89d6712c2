import type { IncomingHttpHeaders } from 'node:http';
import type { FakeUsage } from './fake-bill.js';

/** A parsed JSON object that nobody has checked. */
export type JsonRecord = { readonly [key: string]: unknown };

/** The formats the fake provider speaks. */
export type FakeWire = 'openai-chat' | 'openai-responses' | 'anthropic-messages';

/** What the fake provider saw of one request, and what it did with it. The fields below `stream` change until the end. */
export interface FakeRequest {
  /** Counts from 0 in order of arrival. */
  readonly index: number;
  /** The path without its query. */
  readonly path: string;
  readonly wire: FakeWire;
  /** The parsed body; `{}` when it was no JSON object, and after the end when bodies are not kept. */
  readonly body: JsonRecord;
  readonly bodyText: string;
  /** Lower-cased names; headers that carry credentials are left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly stream: boolean;
  /** The HTTP status that was sent; absent when the connection ended before one. */
  readonly status?: number;
  /** The client closed the connection before the answer was complete. */
  readonly aborted: boolean;
  /** Pieces of content written to a stream: deltas of text, reasoning and tool arguments. */
  readonly chunksSent: number;
  /** Bytes of body written. */
  readonly bytesSent: number;
  /** What this request was billed, in nano-dollars, rounded up; 0 until it is billed. */
  readonly billedNanoUsd: bigint;
  /** The tokens billed; absent until then, and when nothing was. */
  readonly usage?: FakeUsage;
}

/** The same record while the provider still writes to it. */
export type OpenFakeRequest = { -readonly [Key in keyof FakeRequest]: FakeRequest[Key] };

const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
]);

/** The headers as plain text values, without those that carry credentials. */
export function publicHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !SECRET_HEADERS.has(name)) kept[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return kept;
}

/** `value` if it is a JSON object; otherwise an empty one. */
export function asRecord(value: unknown): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

/** Parses a body; `undefined` when it is not a JSON object. */
export function parseBody(text: string): JsonRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
  } catch {
    return undefined;
  }
}

const INPUT_KEYS = ['system', 'instructions', 'messages', 'input', 'tools'] as const;
// Labels and references: a model does not read them as text.
const LABEL_KEYS: ReadonlySet<string> = new Set([
  'type',
  'role',
  'id',
  'call_id',
  'tool_call_id',
  'tool_use_id',
  'data',
  'url',
  'image_url',
  'file_id',
  'media_type',
  'format',
  'detail',
]);

/** Every text a model would read in a request, in no particular order. Walks without recursion: bodies may be deep. */
export function inputTexts(body: JsonRecord): string[] {
  const texts: string[] = [];
  const queue: unknown[] = INPUT_KEYS.map((key) => body[key]);
  for (let value = queue.pop(); value !== undefined || queue.length > 0; value = queue.pop()) {
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value)) for (const item of value) queue.push(item);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (typeof item !== 'string' || !LABEL_KEYS.has(key)) queue.push(item);
      }
    }
  }
  return texts;
}
