// The reflected polynomial of the CRC that gzip, PNG and AWS event streams share.
const POLYNOMIAL = 0xedb88320;
const TABLE: readonly number[] = makeTable();

/**
 * The CRC-32 of `bytes`, a whole number from 0 to 2^32−1. `node:zlib` has one only from Node 20.15 on, and an import
 * of a name it lacks would keep the module from loading.
 */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

function makeTable(): number[] {
  return Array.from({ length: 256 }, (_, index) => {
    let entry = index;
    for (let bit = 0; bit < 8; bit += 1) entry = entry & 1 ? (entry >>> 1) ^ POLYNOMIAL : entry >>> 1;
    return entry >>> 0;
  });
}
