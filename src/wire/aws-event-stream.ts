import { messageLength, PRELUDE_BYTES, parseAwsMessage } from './aws-event-message.js';
import type { SseSplitter, SseSplitterOptions } from './sse.js';
import { createLineDecoder, type SseEvent } from './sse-event.js';

const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/**
 * Splits a stream of `application/vnd.amazon.eventstream` at its messages. The `raw` of all events and the `rest`, one
 * after the other, are the input. Chunks may be cut anywhere, and what is read does not depend on where.
 *
 * We have our own because `@smithy/eventstream-codec` decodes messages but does not find them in a stream of bytes, and
 * brings 8 MB with it.
 *
 * A message that is damaged or larger than `maxEventBytes` passes unread; so does everything after a prelude that is no
 * prelude, because nothing then tells where the next message begins. Each byte is copied once.
 */
export function createAwsEventStreamSplitter(options: SseSplitterOptions = {}): SseSplitter {
  const scan: Scan = {
    maxEventBytes: options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES,
    decoder: createLineDecoder(),
    pending: new Uint8Array(PRELUDE_BYTES),
    filled: 0,
    hasPrelude: false,
    unreadBytes: 0,
  };
  return {
    push(bytes) {
      const events: SseEvent[] = [];
      for (let start = 0; start < bytes.length; ) start += takeSome(scan, bytes.subarray(start), events);
      return events;
    },
    end() {
      const rest = scan.pending.slice(0, scan.filled);
      startMessage(scan);
      // A message without its checksum cannot be trusted, so there is nothing to read in the rest.
      return { rest, last: undefined };
    },
  };
}

/** Where a scan stands between two chunks. */
interface Scan {
  readonly maxEventBytes: number;
  readonly decoder: TextDecoder;
  /** The message that has begun, as long as it will be; before its prelude is whole, only that. */
  pending: Uint8Array<ArrayBuffer>;
  /** How much of it is there. */
  filled: number;
  hasPrelude: boolean;
  /** Bytes that still belong to a message which is not read; infinite once the framing is lost. */
  unreadBytes: number;
}

/** Takes what belongs together from the start of `bytes`; returns how many bytes that is. */
function takeSome(scan: Scan, bytes: Uint8Array, events: SseEvent[]): number {
  if (scan.unreadBytes > 0) {
    const passed = bytes.slice(0, Math.min(scan.unreadBytes, bytes.length));
    scan.unreadBytes -= passed.length;
    events.push({ data: undefined, raw: passed });
    return passed.length;
  }
  const taken = bytes.subarray(0, scan.pending.length - scan.filled);
  scan.pending.set(taken, scan.filled);
  scan.filled += taken.length;
  if (scan.filled === scan.pending.length) {
    if (scan.hasPrelude) finishMessage(scan, events);
    else readPrelude(scan, events);
  }
  return taken.length;
}

function readPrelude(scan: Scan, events: SseEvent[]): void {
  const prelude = scan.pending;
  const length = messageLength(prelude);
  if (length === undefined || length > scan.maxEventBytes) {
    events.push({ data: undefined, raw: prelude });
    scan.unreadBytes = length === undefined ? Number.POSITIVE_INFINITY : length - PRELUDE_BYTES;
    startMessage(scan);
    return;
  }
  scan.pending = new Uint8Array(length);
  scan.pending.set(prelude);
  scan.hasPrelude = true;
}

function finishMessage(scan: Scan, events: SseEvent[]): void {
  events.push(parseAwsMessage(scan.pending, scan.decoder));
  startMessage(scan);
}

function startMessage(scan: Scan): void {
  scan.pending = new Uint8Array(PRELUDE_BYTES);
  scan.filled = 0;
  scan.hasPrelude = false;
}
