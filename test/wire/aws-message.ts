import { crc32 } from 'node:zlib';

/** Encodes one message of an AWS event stream; the headers are texts. */
export function awsMessage(headers: Readonly<Record<string, string>>, payload: string): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => {
    const start = Buffer.from([name.length, ...Buffer.from(name), 7, 0, 0]);
    start.writeUInt16BE(Buffer.byteLength(value), start.length - 2);
    return Buffer.concat([start, Buffer.from(value)]);
  });
  return awsFrame(Buffer.concat(fields), Buffer.from(payload));
}

/** Puts a prelude before, and a checksum behind, headers and a payload that are already encoded. */
export function awsFrame(headers: Buffer, payload: Buffer): Buffer {
  const prelude = awsPrelude(16 + headers.length + payload.length, headers.length);
  const covered = Buffer.concat([prelude, headers, payload]);
  return Buffer.concat([covered, checksum(covered)]);
}

/** The twelve bytes a message begins with. */
export function awsPrelude(totalBytes: number, headersBytes: number): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(totalBytes, 0);
  lengths.writeUInt32BE(headersBytes, 4);
  return Buffer.concat([lengths, checksum(lengths)]);
}

/** An event as Bedrock sends it. */
export function awsEvent(eventType: string, payload: string): Buffer {
  return awsMessage(
    { ':event-type': eventType, ':content-type': 'application/json', ':message-type': 'event' },
    payload,
  );
}

/** An exception as Bedrock sends it in the middle of a stream. */
export function awsException(exceptionType: string, payload: string): Buffer {
  return awsMessage({ ':exception-type': exceptionType, ':message-type': 'exception' }, payload);
}

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
