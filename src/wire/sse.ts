import { type ByteBuffer, createByteBuffer } from './byte-buffer.js';
import { createLineDecoder, parseSseEvent, type SseEvent } from './sse-event.js';

export { replaceSseData, type SseEvent } from './sse-event.js';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** Options of `createSseSplitter`. */
export interface SseSplitterOptions {
  /** The largest event that is read, in bytes. A larger one passes through unread. Default 16 MiB. */
  readonly maxEventBytes?: number;
}

/** Cuts a byte stream into server-sent events without losing or changing a byte. */
export interface SseSplitter {
  /** Takes the next bytes and returns the events they complete, in order. */
  push(bytes: Uint8Array): SseEvent[];
  /**
   * Ends the stream. `rest` is what came after the last blank line, and `last` the same bytes read as an event: the
   * standard drops such an event, but a provider that forgets the final blank line has told its usage all the same.
   */
  end(): { readonly rest: Uint8Array; readonly last: SseEvent | undefined };
}

/**
 * Splits a stream of server-sent events at its blank lines. The `raw` of all events and the `rest`, one after the
 * other, are the input, so a caller can pass events on unchanged, drop one, or replace one's data.
 *
 * We have our own because the common parsers, such as eventsource-parser, hand out fields and not byte ranges: with
 * them a stream can only be written anew, which changes comments, line ends, ids and the spacing of every other event.
 *
 * Line ends are LF, CRLF or CR; chunks may be cut anywhere, and the events do not depend on where. Each byte is looked
 * at once, and memory is bounded by `maxEventBytes`: bytes of an event above it come out at once with `data` undefined.
 */
export function createSseSplitter(options: SseSplitterOptions = {}): SseSplitter {
  const scan = createScan(options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES);
  return {
    push: (bytes) => pushBytes(scan, bytes),
    end() {
      const rest = scan.pending.take();
      const isReadable = rest.length > 0 && !scan.isOversized;
      return { rest, last: isReadable ? parseSseEvent(rest, scan.decoder) : undefined };
    },
  };
}

/** Where a scan stands between two bytes. */
interface Scan {
  readonly maxEventBytes: number;
  readonly decoder: TextDecoder;
  /** The bytes of an event that began in an earlier chunk. */
  readonly pending: ByteBuffer;
  /** Bytes seen of a byte order mark at the start of the stream; 3 once that question is settled. */
  markBytes: number;
  isLineEmpty: boolean;
  /** A CR was the last byte, so a LF that follows belongs to the same line end. */
  isAfterReturn: boolean;
  /** A blank line ended in CR and the stream has been pairing CR with LF: the event is complete after that LF. */
  isAwaitingFeed: boolean;
  /** How the line before ended, to know what to expect after a CR. */
  wasPaired: boolean;
  isOversized: boolean;
}

function createScan(maxEventBytes: number): Scan {
  return {
    maxEventBytes,
    decoder: createLineDecoder(),
    pending: createByteBuffer(),
    markBytes: 0,
    isLineEmpty: true,
    isAfterReturn: false,
    isAwaitingFeed: false,
    wasPaired: false,
    isOversized: false,
  };
}

function pushBytes(scan: Scan, bytes: Uint8Array): SseEvent[] {
  const events: SseEvent[] = [];
  let start = 0;
  const emit = (end: number): void => {
    finishEvent(scan, bytes.subarray(start, end), events);
    start = end;
  };
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index]!;
    if (scan.markBytes < BYTE_ORDER_MARK.length && followsMark(scan, byte)) {
      // The mark is a piece of its own, so that dropping the first event cannot drop it.
      if (scan.markBytes === BYTE_ORDER_MARK.length) emit(index + 1);
      continue;
    }
    if (scan.isAwaitingFeed && byte !== LINE_FEED) {
      scan.isAwaitingFeed = false;
      emit(index);
    }
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      if (endsEvent(scan, byte)) emit(index + 1);
    } else {
      scan.isLineEmpty = false;
      scan.isAfterReturn = false;
      index = endOfLine(bytes, index) - 1;
    }
  }
  keepRest(scan, bytes.subarray(start), events);
  return events;
}

function endOfLine(bytes: Uint8Array, from: number): number {
  let index = from;
  while (index < bytes.length && bytes[index] !== LINE_FEED && bytes[index] !== CARRIAGE_RETURN) index += 1;
  return index;
}

/** Takes `byte` as part of a byte order mark while the stream begins with one. */
function followsMark(scan: Scan, byte: number): boolean {
  if (byte === BYTE_ORDER_MARK[scan.markBytes]) {
    scan.markBytes += 1;
    return true;
  }
  // The bytes that looked like a mark are the start of an ordinary line.
  if (scan.markBytes > 0) scan.isLineEmpty = false;
  scan.markBytes = BYTE_ORDER_MARK.length;
  return false;
}

/** Moves the scan past a CR or LF and says whether an event ends with it. */
function endsEvent(scan: Scan, byte: number): boolean {
  if (byte === LINE_FEED && scan.isAfterReturn) {
    const wasAwaited = scan.isAwaitingFeed;
    scan.isAwaitingFeed = false;
    scan.isAfterReturn = false;
    scan.wasPaired = true;
    return wasAwaited;
  }
  const isBlank = scan.isLineEmpty;
  // Where lines end in CRLF the event ends after the LF; where CR stands alone, waiting would hold the event back.
  const expectsFeed = byte === CARRIAGE_RETURN && scan.wasPaired;
  scan.isLineEmpty = true;
  scan.isAfterReturn = byte === CARRIAGE_RETURN;
  scan.wasPaired = false;
  scan.isAwaitingFeed = isBlank && expectsFeed;
  return isBlank && !expectsFeed;
}

function finishEvent(scan: Scan, tail: Uint8Array, events: SseEvent[]): void {
  const isUnread = scan.isOversized || scan.pending.length + tail.length > scan.maxEventBytes;
  const raw = takeBytes(scan, tail);
  scan.isOversized = false;
  if (raw.length > 0) events.push(isUnread ? { data: undefined, raw } : parseSseEvent(raw, scan.decoder));
}

function keepRest(scan: Scan, rest: Uint8Array, events: SseEvent[]): void {
  if (rest.length === 0) return;
  if (!scan.isOversized && scan.pending.length + rest.length <= scan.maxEventBytes) {
    scan.pending.append(rest);
    return;
  }
  scan.isOversized = true;
  events.push({ data: undefined, raw: takeBytes(scan, rest) });
}

/** The pending bytes and `tail` as bytes of their own: a consumer may transfer them, which would detach a shared chunk. */
function takeBytes(scan: Scan, tail: Uint8Array): Uint8Array {
  if (scan.pending.length === 0) return new Uint8Array(tail);
  scan.pending.append(tail);
  return scan.pending.take();
}
