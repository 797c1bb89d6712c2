import { crc32 } from './crc32.js';
import type { SseEvent } from './sse-event.js';

/** Bytes of a message before its headers: total length, length of the headers, and the CRC of both. */
export const PRELUDE_BYTES = 12;
/** Bytes of the CRC that ends a message. */
const CHECKSUM_BYTES = 4;

/** Bytes of a header's value by its type; the types that are left out carry their length before the value. */
const VALUE_BYTES: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 16],
]);
const BYTES_VALUE = 6;
const STRING_VALUE = 7;

/** The name under which an exception's payload comes out. */
const EXCEPTION = ':exception';

/**
 * How long the message is that begins with these twelve bytes, in bytes, all of it included; `undefined` where they do
 * not begin one.
 */
export function messageLength(prelude: Uint8Array): number | undefined {
  const view = viewOf(prelude);
  const total = view.getUint32(0);
  if (view.getUint32(8) !== crc32(prelude.subarray(0, 8))) return undefined;
  return total >= PRELUDE_BYTES + view.getUint32(4) + CHECKSUM_BYTES ? total : undefined;
}

/**
 * Reads one whole message whose prelude is sound. `data` is its payload as text and `eventName` its `:event-type`; an
 * exception has the name `:exception`. A message that is damaged, or that is neither, has no data.
 */
export function parseAwsMessage(raw: Uint8Array, decoder: TextDecoder): SseEvent {
  const view = viewOf(raw);
  const payloadEnd = raw.length - CHECKSUM_BYTES;
  if (view.getUint32(payloadEnd) !== crc32(raw.subarray(0, payloadEnd))) return { data: undefined, raw };
  const headersEnd = PRELUDE_BYTES + view.getUint32(4);
  const headers = readTextHeaders(raw.subarray(PRELUDE_BYTES, headersEnd), decoder);
  const eventName = eventNameOf(headers);
  if (eventName === undefined) return { data: undefined, raw };
  return { data: decoder.decode(raw.subarray(headersEnd, payloadEnd)), eventName, raw };
}

function eventNameOf(headers: ReadonlyMap<string, string> | undefined): string | undefined {
  const messageType = headers?.get(':message-type');
  if (messageType === 'event') return headers?.get(':event-type') ?? '';
  // An `error` is one that the service's model does not name; its text is in its headers and its payload is empty.
  return messageType === 'exception' || messageType === 'error' ? EXCEPTION : undefined;
}

/** The headers that are texts; `undefined` where they do not end where the prelude says. */
function readTextHeaders(bytes: Uint8Array, decoder: TextDecoder): ReadonlyMap<string, string> | undefined {
  const view = viewOf(bytes);
  const headers = new Map<string, string>();
  let offset = 0;
  while (offset < bytes.length) {
    const nameEnd = offset + 1 + view.getUint8(offset);
    if (nameEnd >= bytes.length) return undefined;
    const type = view.getUint8(nameEnd);
    let valueStart = nameEnd + 1;
    let length = VALUE_BYTES.get(type);
    if (length === undefined) {
      if ((type !== BYTES_VALUE && type !== STRING_VALUE) || valueStart + 2 > bytes.length) return undefined;
      length = view.getUint16(valueStart);
      valueStart += 2;
    }
    const valueEnd = valueStart + length;
    if (valueEnd > bytes.length) return undefined;
    if (type === STRING_VALUE) {
      headers.set(
        decoder.decode(bytes.subarray(offset + 1, nameEnd)),
        decoder.decode(bytes.subarray(valueStart, valueEnd)),
      );
    }
    offset = valueEnd;
  }
  return headers;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
