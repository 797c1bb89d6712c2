import { type Clock, systemClock } from '../clock.js';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /**
   * Moves both the wall clock and the monotonic clock forward, and fires every timer that falls due, in order of its
   * due time and then of its making. A timer sees the clock at its own due time; timers it makes fire too if they are due.
   */
  advance(deltaMs: number): void;
  /**
   * Like `advance`, but lets promises and pending I/O of the process run before each timer and at the end,
   * for code that awaits between one timer and the next.
   */
  advanceAsync(deltaMs: number): Promise<void>;
  /** Jumps the wall clock to `nowMs`, as an operator or NTP would: the monotonic clock stays and no timer fires. */
  setNow(nowMs: number): void;
  /** How many timers are neither fired nor cancelled. */
  readonly pendingTimers: number;
}

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Where a timer due at `dueMs` goes, so that the earlier made of two equal ones stays first. */
function insertionIndex(timers: readonly Timer[], dueMs: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timers[middle]?.dueMs ?? 0) <= dueMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Makes a clock for tests. Wall time starts at `nowMs` (milliseconds since the epoch, 0 by default), monotonic time at 0.
 *
 * @example
 * const clock = createFakeClock({ nowMs: Date.UTC(2026, 0, 31, 23, 59) });
 * let fired = false;
 * clock.schedule(() => { fired = true; }, 60_000);
 * clock.advance(60_000); // fired === true, and it is February
 */
export function createFakeClock(options: { readonly nowMs?: number } = {}): FakeClock {
  let wallOffsetMs = options.nowMs ?? 0;
  let monotonicMs = 0;
  // Sorted by due time, so that a test with many leases does not search all of them for each step.
  const timers: Timer[] = [];

  function takeDue(untilMs: number): Timer | undefined {
    const first = timers[0];
    if (first === undefined || first.dueMs > untilMs) return undefined;
    timers.shift();
    monotonicMs = Math.max(monotonicMs, first.dueMs);
    return first;
  }

  return {
    nowMs: () => wallOffsetMs + monotonicMs,
    monotonicMs: () => monotonicMs,
    schedule(callback, delayMs) {
      const timer: Timer = { dueMs: monotonicMs + Math.max(delayMs, 0), callback };
      timers.splice(insertionIndex(timers, timer.dueMs), 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    advance(deltaMs) {
      const untilMs = targetMs(monotonicMs, deltaMs);
      for (let timer = takeDue(untilMs); timer; timer = takeDue(untilMs)) timer.callback();
      monotonicMs = untilMs;
    },
    async advanceAsync(deltaMs) {
      const untilMs = targetMs(monotonicMs, deltaMs);
      await realTurn();
      for (let timer = takeDue(untilMs); timer; timer = takeDue(untilMs)) {
        timer.callback();
        await realTurn();
      }
      monotonicMs = Math.max(monotonicMs, untilMs);
    },
    setNow(nowMs) {
      wallOffsetMs = nowMs - monotonicMs;
    },
    get pendingTimers() {
      return timers.length;
    },
  };
}

function targetMs(monotonicMs: number, deltaMs: number): number {
  if (!(deltaMs >= 0))
    throw new RangeError(`A clock moves forward: ${deltaMs} ms is not 0 or more; use setNow to jump`);
  return monotonicMs + deltaMs;
}

function realTurn(): Promise<void> {
  return new Promise((resolve) => {
    systemClock.schedule(resolve, 0);
  });
}
