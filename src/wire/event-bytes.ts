import { createByteBuffer } from './byte-buffer.js';

/** The bytes of one event; `isUnread` where it is larger than what is kept in memory. */
export interface EventBytes {
  readonly raw: Uint8Array;
  readonly isUnread: boolean;
}

/** Gathers the bytes of events whose parts come in several chunks. */
export interface EventGatherer {
  /** Ends the event that has begun with `tail`. */
  finish(tail: Uint8Array): EventBytes;
  /** Keeps the start of an event; gives it back at once where the event has grown too large to be read. */
  keep(start: Uint8Array): EventBytes | undefined;
  /** What was kept of an event that never ended. */
  end(): EventBytes;
}

/**
 * Makes an empty `EventGatherer`. Memory is bounded by `maxEventBytes`, and what comes out never shares memory with what
 * went in: a consumer may transfer the bytes it is given.
 */
export function createEventGatherer(maxEventBytes: number): EventGatherer {
  const pending = createByteBuffer();
  let isOversized = false;

  function take(tail: Uint8Array): Uint8Array {
    if (pending.length === 0) return new Uint8Array(tail);
    pending.append(tail);
    return pending.take();
  }

  return {
    finish(tail) {
      const isUnread = isOversized || pending.length + tail.length > maxEventBytes;
      isOversized = false;
      return { raw: take(tail), isUnread };
    },
    keep(start) {
      if (start.length === 0) return undefined;
      if (!isOversized && pending.length + start.length <= maxEventBytes) {
        pending.append(start);
        return undefined;
      }
      isOversized = true;
      return { raw: take(start), isUnread: true };
    },
    end: () => ({ raw: pending.take(), isUnread: isOversized }),
  };
}
