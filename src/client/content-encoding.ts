type Bytes = Uint8Array<ArrayBuffer>;

/** More than any provider takes, and little enough that a small body cannot fill the memory as it is unpacked. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The bytes without the codings of a `content-encoding` header; `undefined` where they cannot be taken off. */
export async function decodeContent(bytes: Bytes, encoding: string): Promise<Bytes | undefined> {
  const zlib = await import('node:zlib');
  const options = { maxOutputLength: MAX_BYTES };
  const decode = (coding: string, packed: Bytes): Buffer | undefined => {
    if (coding === 'gzip' || coding === 'x-gzip') return zlib.gunzipSync(packed, options);
    if (coding === 'br') return zlib.brotliDecompressSync(packed, options);
    // Some senders leave out the frame that the name stands for.
    if (coding === 'deflate')
      return isFramed(packed) ? zlib.inflateSync(packed, options) : zlib.inflateRawSync(packed, options);
    return undefined;
  };
  let decoded: Bytes | undefined = bytes;
  try {
    for (const coding of codingsOf(encoding).reverse())
      decoded = decoded && (decode(coding, decoded) as Bytes | undefined);
  } catch {
    return undefined;
  }
  return decoded;
}

/** The codings that change anything, in the order they were put on. */
export function codingsOf(encoding: string): string[] {
  const codings = encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  return codings.filter((coding) => coding !== '' && coding !== 'identity');
}

/** Whether deflated bytes begin with the header of zlib. */
function isFramed([first = 0, second = 0]: Bytes): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}
