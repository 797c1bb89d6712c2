const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const COLON = 58;
const DATA = [100, 97, 116, 97];
const EVENT = [101, 118, 101, 110, 116];

/** One server-sent event together with the very bytes that carried it. */
export interface SseEvent {
  /** The event's `data` lines joined by line feeds; `undefined` where it has none, as in a comment or a lone blank line. */
  readonly data: string | undefined;
  /** The event's `event` field. */
  readonly eventName?: string;
  /** The bytes from the end of the event before to the end of this one, blank line included. */
  readonly raw: Uint8Array;
}

interface Line {
  readonly start: number;
  readonly contentEnd: number;
  readonly end: number;
}

/** A decoder for the lines of events: a byte order mark inside a stream is a character like any other. */
export function createLineDecoder(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}

/** Reads the bytes of one event by the rules of the HTML standard, section 9.2.6. */
export function parseSseEvent(raw: Uint8Array, decoder: TextDecoder): SseEvent {
  const dataLines: string[] = [];
  let eventName: string | undefined;
  for (const line of linesOf(raw)) {
    const dataStart = valueStart(raw, line, DATA);
    if (dataStart !== undefined) {
      dataLines.push(decoder.decode(raw.subarray(dataStart, line.contentEnd)));
      continue;
    }
    const nameStart = valueStart(raw, line, EVENT);
    if (nameStart !== undefined) eventName = decoder.decode(raw.subarray(nameStart, line.contentEnd));
  }
  const data = dataLines.length === 0 ? undefined : dataLines.join('\n');
  return { data, raw, ...(eventName !== undefined && { eventName }) };
}

/**
 * The bytes of `event` with `newData` in the place of its data; every other line of it stays as it was, byte for byte.
 * Data of several lines becomes several `data` lines.
 */
export function replaceSseData(event: SseEvent, newData: string): Uint8Array {
  const { raw } = event;
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let isWritten = false;
  for (const line of linesOf(raw)) {
    // A line feed that ends the event before may come first: data goes behind it, where there is any to be replaced.
    const isPlace = event.data === undefined && line.start === line.contentEnd;
    const start = valueStart(raw, line, DATA);
    if (!isWritten && (start !== undefined || isPlace)) {
      const field = start !== undefined && start === line.start + DATA.length + 1 ? 'data:' : 'data: ';
      const terminator = terminatorOf(raw, line);
      const lines = newData.split(/\r\n|\r|\n/).map((text) => `${field}${text}${terminator}`);
      pieces.push(encoder.encode(lines.join('')));
      isWritten = true;
    }
    if (start === undefined) pieces.push(raw.subarray(line.start, line.end));
  }
  return joinBytes(pieces);
}

function terminatorOf(raw: Uint8Array, line: Line): string {
  if (line.end - line.contentEnd === 2) return '\r\n';
  return raw[line.contentEnd] === CARRIAGE_RETURN ? '\r' : '\n';
}

/** Where the value of `field` begins on `line`, past the colon and one space; `undefined` if the line has another field. */
function valueStart(raw: Uint8Array, line: Line, field: readonly number[]): number | undefined {
  const colon = line.start + field.length;
  if (colon > line.contentEnd) return undefined;
  for (let index = 0; index < field.length; index += 1) {
    if (raw[line.start + index] !== field[index]) return undefined;
  }
  if (colon === line.contentEnd) return colon;
  if (raw[colon] !== COLON) return undefined;
  return colon + 1 < line.contentEnd && raw[colon + 1] === SPACE ? colon + 2 : colon + 1;
}

function* linesOf(raw: Uint8Array): Generator<Line> {
  let start = 0;
  while (start < raw.length) {
    let contentEnd = start;
    while (contentEnd < raw.length && raw[contentEnd] !== LINE_FEED && raw[contentEnd] !== CARRIAGE_RETURN) {
      contentEnd += 1;
    }
    const isPair = raw[contentEnd] === CARRIAGE_RETURN && raw[contentEnd + 1] === LINE_FEED;
    const end = Math.min(raw.length, contentEnd + (isPair ? 2 : 1));
    yield { start, contentEnd, end };
    start = end;
  }
}

function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
