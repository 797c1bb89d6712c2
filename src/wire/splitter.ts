import { createAwsEventStreamSplitter } from './aws-event-stream.js';
import { createJsonArraySplitter } from './json-array.js';
import { createNdjsonSplitter } from './ndjson.js';
import { createSseSplitter, replaceSseData } from './sse.js';
import type { Framing } from './wire.js';

const OPENING_BRACKET = 91;

/** One event of a stream together with the very bytes that carried it. */
export interface StreamEvent {
  /** What the event says, as text; `undefined` where it says nothing or cannot be read. */
  readonly data: string | undefined;
  /** The event's name, where the framing gives it one beside its data. */
  readonly eventName?: string;
  /** The bytes from the end of the event before to the end of this one. */
  readonly raw: Uint8Array;
}

/** Options of every splitter. */
export interface SplitterOptions {
  /** The largest event that is read, in bytes. A larger one passes through unread. Default 16 MiB. */
  readonly maxEventBytes?: number;
}

/** Cuts a byte stream into events without losing or changing a byte: all `raw` and the `rest` together are the input. */
export interface Splitter {
  /** Takes the next bytes and returns the events they complete, in order. */
  push(bytes: Uint8Array): StreamEvent[];
  /** Ends the stream. `rest` is what no event ended, and `last` the same bytes read as an event where that can be. */
  end(): { readonly rest: Uint8Array; readonly last: StreamEvent | undefined };
  /** The bytes of `event`, which this splitter made, with `newData` in the place of its data. */
  replaceData(event: StreamEvent, newData: string): Uint8Array;
}

/** The splitter of a framing. Chunks may be cut anywhere, and the events do not depend on where. */
export function createSplitter(framing: Framing, options: SplitterOptions = {}): Splitter {
  switch (framing) {
    case 'sse':
      return createSseOrArraySplitter(options);
    case 'ndjson':
      return createNdjsonSplitter(options);
    case 'aws-event-stream':
      // A message carries checksums over its data, and no codec of this framing replaces any.
      return { ...createAwsEventStreamSplitter(options), replaceData: (event) => event.raw };
  }
}

/**
 * Gemini streams one JSON array where its URL does not ask for `alt=sse`, and the framing of a format cannot know the
 * URL. No stream of server-sent events begins with a bracket, so the first byte tells the two apart.
 */
function createSseOrArraySplitter(options: SplitterOptions): Splitter {
  const sse: Splitter = { ...createSseSplitter(options), replaceData: replaceSseData };
  let chosen: Splitter | undefined;
  return {
    push(bytes) {
      if (bytes.length === 0) return [];
      chosen ??= bytes[0] === OPENING_BRACKET ? createJsonArraySplitter(options) : sse;
      return chosen.push(bytes);
    },
    end: () => (chosen ?? sse).end(),
    replaceData: (event, newData) => (chosen ?? sse).replaceData(event, newData),
  };
}
