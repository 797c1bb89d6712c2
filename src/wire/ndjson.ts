import { createEventGatherer, type EventBytes } from './event-bytes.js';
import type { Splitter, SplitterOptions, StreamEvent } from './splitter.js';
import { createLineDecoder } from './sse-event.js';

const LINE_FEED = 10;
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/**
 * Splits a stream of JSON lines at its line feeds: every line that is not blank is an event. A CR before the line feed
 * is space around the JSON like any other. Each byte is looked at once.
 */
export function createNdjsonSplitter(options: SplitterOptions = {}): Splitter {
  const gatherer = createEventGatherer(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
  const decoder = createLineDecoder();
  return {
    push(bytes) {
      const events: StreamEvent[] = [];
      let start = 0;
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        events.push(readLine(gatherer.finish(bytes.subarray(start, end + 1)), decoder));
        start = end + 1;
      }
      const unread = gatherer.keep(bytes.subarray(start));
      if (unread !== undefined) events.push(readLine(unread, decoder));
      return events;
    },
    end() {
      const rest = gatherer.end();
      return { rest: rest.raw, last: rest.raw.length > 0 ? readLine(rest, decoder) : undefined };
    },
    replaceData(event, newData) {
      const line = decoder.decode(event.raw);
      return new TextEncoder().encode(newData + line.slice(line.trimEnd().length));
    },
  };
}

function readLine({ raw, isUnread }: EventBytes, decoder: TextDecoder): StreamEvent {
  const text = isUnread ? '' : decoder.decode(raw).trim();
  return { data: text === '' ? undefined : text, raw };
}
