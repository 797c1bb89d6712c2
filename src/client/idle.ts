import type { Forgettable } from './client.js';

/** A stream that is kept and not read for so long is taken to be forgotten: well before the lease of its hold is over. */
const IDLE_MS = 5 * 60 * 1000;

/** What a consumer meets who comes back to a stream that was closed because nobody read it. */
export class StreamIdleError extends Error {
  readonly code = 'stream_idle';
  override readonly name = 'StreamIdleError';

  constructor() {
    super(
      `The stream was closed and its call settled, because nobody read from it for ${IDLE_MS / 60_000} minutes: read a stream steadily, or collect it first`,
    );
  }
}

/** Knows when a consumer last asked for a piece, and got it. */
export interface IdleWatch {
  /** The consumer waits for the next piece: however long the provider takes, it is not forgotten. */
  asked(): void;
  served(): void;
  stop(): void;
}

/**
 * Calls `onIdle` once when nobody reads a stream that is still to be settled. It must not refer to what the consumer
 * holds, which could then never be garbage.
 */
export function watchIdle({ clock, isOpen }: Forgettable, onIdle: () => void): IdleWatch {
  let isAsked = false;
  let lastMs = clock.monotonicMs();
  let cancel = wait(IDLE_MS);

  // One timer a stream, which looks when it is due at how long ago the last piece was: resetting it with each piece costs more.
  function wait(delayMs: number): () => void {
    return clock.schedule(look, delayMs, { isBackground: true });
  }

  function look(): void {
    if (!isOpen()) return;
    const restMs = isAsked ? IDLE_MS : lastMs + IDLE_MS - clock.monotonicMs();
    if (restMs > 0) cancel = wait(restMs);
    else onIdle();
  }

  return {
    asked() {
      isAsked = true;
    },
    served() {
      isAsked = false;
      lastMs = clock.monotonicMs();
    },
    stop: () => cancel(),
  };
}
