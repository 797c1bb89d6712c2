import type { Random } from './random.js';

/** What means something to one of the framings or to JSON. */
const TOKENS = [
  ...[
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\r\r',
    'data:',
    'data: ',
    'data',
    'event: error\n',
    'id: 1\n',
    ': comment\n',
    '\ufeff',
  ],
  ...['{', '}', '[', ']', '"', '\\', ',', ':', '[DONE]', 'data: [DONE]\n\n', 'null', '-', '1e999', '"usage":null,'],
  ...['"__proto__":{"polluted":1},', '\\ud800', '\\u0000', '"usage":{"prompt_tokens":-1},', '\u0000', '😀'],
].map((text) => Buffer.from(text));

function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(Math.min(bytes.length, at + removed))]);
}

function mutateOnce(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0:
      return splice(bytes, at, 1, Buffer.from([random.below(256)]));
    case 1:
      return splice(bytes, at, 1 + random.below(8), Buffer.alloc(0));
    case 2:
      return splice(bytes, at, 0, random.pick(TOKENS));
    case 3: {
      const from = random.below(bytes.length + 1);
      return splice(bytes, at, 0, bytes.subarray(from, from + random.below(200)));
    }
    case 4:
      return bytes.subarray(0, at);
    default:
      return splice(bytes, at, random.below(4), Buffer.from([random.below(256), random.below(256)]));
  }
}

/** `bytes` with a few of them flipped, cut out, put in or repeated. */
export function mutateBytes(random: Random, bytes: Uint8Array): Uint8Array {
  let mutated = bytes;
  for (let changes = random.below(4); changes > 0; changes -= 1) mutated = mutateOnce(random, mutated);
  return mutated;
}

/** `bytes` cut at random places; now and then into single bytes, or with empty pieces between. */
export function cutRandomly(random: Random, bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const longest = random.pick([1, 3, 17, 100, 1000, bytes.length + 1]);
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + random.below(longest);
    // Pieces of their own: whoever reads a stream may be handed its buffers, and may give them away.
    chunks.push(bytes.slice(start, end));
    if (random.oneIn(20)) chunks.push(new Uint8Array(0));
    start = end;
  }
  return chunks;
}
