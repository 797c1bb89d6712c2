/** The only door to time: everything that needs the hour, a duration or a timer asks a `Clock`. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may jump, so it only labels; it never measures. */
  nowMs(): number;
  /** Monotonic milliseconds, for durations and leases. */
  monotonicMs(): number;
  /**
   * Runs `callback` once after `delayMs`; returns a function that cancels it. The timer keeps the process alive, unless
   * it `isBackground`: then the process may end before it is due.
   */
  schedule(callback: () => void, delayMs: number, options?: ScheduleOptions): () => void;
}

export interface ScheduleOptions {
  readonly isBackground?: boolean;
}

/** The clock of this machine. */
export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(callback: () => void, delayMs: number, { isBackground = false }: ScheduleOptions = {}) {
    const timer = setTimeout(callback, delayMs);
    // Outside of Node a timer may be a number.
    if (isBackground) timer.unref?.();
    return () => clearTimeout(timer);
  },
});
