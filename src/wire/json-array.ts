import { createEventGatherer, type EventBytes } from './event-bytes.js';
import type { Splitter, SplitterOptions, StreamEvent } from './splitter.js';
import { createLineDecoder } from './sse-event.js';

const QUOTE = 34;
const BACKSLASH = 92;
const OPENING_BRACKET = 91;
const CLOSING_BRACKET = 93;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** How deep a scan stands in the array's JSON, between two bytes. */
interface Scan {
  /** Brackets and braces that are open; the array itself is the first. */
  depth: number;
  isInText: boolean;
  isEscaped: boolean;
}

/**
 * Splits one JSON array at the ends of the objects in it: an array that is written as it grows is a stream of events.
 * The brackets, commas and spaces between objects belong to the event that follows them. Each byte is looked at once.
 */
export function createJsonArraySplitter(options: SplitterOptions = {}): Splitter {
  const gatherer = createEventGatherer(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
  const decoder = createLineDecoder();
  const scan: Scan = { depth: 0, isInText: false, isEscaped: false };
  return {
    push(bytes) {
      const events: StreamEvent[] = [];
      let start = 0;
      for (let index = 0; index < bytes.length; index += 1) {
        if (!endsObject(scan, bytes[index]!)) continue;
        events.push(readObject(gatherer.finish(bytes.subarray(start, index + 1)), decoder));
        start = index + 1;
      }
      const unread = gatherer.keep(bytes.subarray(start));
      if (unread !== undefined) events.push(readObject(unread, decoder));
      return events;
    },
    // Half an object cannot be read.
    end: () => ({ rest: gatherer.end().raw, last: undefined }),
    replaceData(event, newData) {
      const before = event.raw.subarray(0, Math.max(0, event.raw.indexOf(OPENING_BRACE)));
      return new Uint8Array([...before, ...new TextEncoder().encode(newData)]);
    },
  };
}

/** Moves the scan past `byte` and says whether an object of the array ends with it. */
function endsObject(scan: Scan, byte: number): boolean {
  if (scan.isInText) {
    if (scan.isEscaped) scan.isEscaped = false;
    else if (byte === BACKSLASH) scan.isEscaped = true;
    else if (byte === QUOTE) scan.isInText = false;
    return false;
  }
  if (byte === QUOTE) scan.isInText = true;
  else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) scan.depth += 1;
  else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
    scan.depth -= 1;
    return byte === CLOSING_BRACE && scan.depth === 1;
  }
  return false;
}

function readObject({ raw, isUnread }: EventBytes, decoder: TextDecoder): StreamEvent {
  const start = isUnread ? -1 : raw.indexOf(OPENING_BRACE);
  return { data: start < 0 ? undefined : decoder.decode(raw.subarray(start)), raw };
}
