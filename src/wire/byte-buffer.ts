const FIRST_CAPACITY = 1024;

/** Bytes that grow at the end; appending costs amortised constant time a byte, however small the pieces are. */
export interface ByteBuffer {
  readonly length: number;
  append(bytes: Uint8Array): void;
  /** The bytes so far as an array of their own; the buffer is empty afterwards. */
  take(): Uint8Array;
}

/** Makes an empty `ByteBuffer`. */
export function createByteBuffer(): ByteBuffer {
  let storage = new Uint8Array(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    append(bytes) {
      const needed = length + bytes.length;
      if (needed > storage.length) {
        const grown = new Uint8Array(Math.max(needed, storage.length * 2, FIRST_CAPACITY));
        grown.set(storage.subarray(0, length));
        storage = grown;
      }
      storage.set(bytes, length);
      length = needed;
    },
    take() {
      const taken = storage.slice(0, length);
      // A huge event must not keep its memory for the rest of the stream.
      if (storage.length > FIRST_CAPACITY * 64) storage = new Uint8Array(0);
      length = 0;
      return taken;
    },
  };
}
