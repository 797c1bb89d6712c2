import { type BudgetRun, isSameAccount } from '../budget/run.js';
import type { Clock } from '../clock.js';

/** What one try of a waiting call came to. */
export type Try<Outcome> =
  /** It is decided, for good or for ill. */
  | { readonly isFinal: true; readonly outcome: Outcome }
  /** Money of these budgets is still held; `outcome` is what it comes to if nothing changes in time. */
  | { readonly isFinal: false; readonly outcome: Outcome; readonly blockedBy: readonly BudgetRun[] };

/** A call that waits for holds to settle. */
export interface WaitingCall<Outcome> {
  /** Every budget it claims on. */
  readonly runs: readonly BudgetRun[];
  readonly waitMs: number;
  /** How often to try again unasked, where other processes settle too and wake nobody here. */
  readonly pollMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  tryAgain(): Promise<Try<Outcome>>;
}

interface Waiter {
  readonly runs: readonly BudgetRun[];
  blockedBy: readonly BudgetRun[];
  tryAgain(): Promise<void>;
}

/** Calls that wait for money that is held, in the order they came, for each account of this process. */
export interface WaitQueue {
  /** Whether an earlier call waits for one of these accounts, so that a new one has to queue behind it. */
  isBehind(runs: readonly BudgetRun[]): boolean;
  /** Runs one step after another, in the order they were given: between a refusal and its place in the queue nobody slips in. */
  inOrder<Result>(step: () => Promise<Result>): Promise<Result>;
  /** Waits until the call is decided, its time is up or it is aborted. Rejects only where a try rejects or with the abort reason. */
  wait<Outcome>(call: WaitingCall<Outcome>, first: Try<Outcome> & { readonly isFinal: false }): Promise<Outcome>;
  /** Holds settled: those who wait for them try again. */
  wake(): void;
}

export function createWaitQueue(clock: Clock): WaitQueue {
  return new Queue(clock);
}

class Queue implements WaitQueue {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #lastStep: Promise<unknown> = Promise.resolve();
  #isPumping = false;
  #wasWoken = false;
  #wakes = 0;
  #wakesBeforeStep = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isBehind(runs: readonly BudgetRun[]): boolean {
    if (this.#waiters.size === 0) return false;
    for (const waiter of this.#waiters) {
      if (waiter.blockedBy.some((run) => includesAccount(runs, run))) return true;
    }
    return false;
  }

  inOrder<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#lastStep.then(() => {
      this.#wakesBeforeStep = this.#wakes;
      return step();
    });
    this.#lastStep = result.catch(() => undefined);
    return result;
  }

  wait<Outcome>(call: WaitingCall<Outcome>, first: Try<Outcome> & { readonly isFinal: false }): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      let latest: Outcome = first.outcome;
      let isTrying = false;
      let endAfterTry: (() => void) | undefined;
      const leave = (settle: () => void) => {
        cancelTimer();
        cancelPoll();
        call.signal?.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
        settle();
        // Whoever stood behind this call may be first now.
        this.wake();
      };
      // A try that is under way may be granted money, and its answer is the one that counts.
      const end = (settle: () => void) => {
        if (isTrying) endAfterTry ??= () => leave(settle);
        else leave(settle);
      };
      const abort = () => end(() => reject(call.signal?.reason));
      const waiter: Waiter = {
        runs: call.runs,
        blockedBy: first.blockedBy,
        tryAgain: async () => {
          isTrying = true;
          try {
            const next = await call.tryAgain();
            latest = next.outcome;
            if (next.isFinal) return leave(() => resolve(next.outcome));
            waiter.blockedBy = next.blockedBy;
          } catch (error) {
            return leave(() => reject(error));
          } finally {
            isTrying = false;
          }
          endAfterTry?.();
        },
      };
      const cancelTimer = this.#clock.schedule(() => end(() => resolve(latest)), call.waitMs);
      const cancelPoll = call.pollMs === undefined ? () => {} : this.#wakeEvery(call.pollMs);
      call.signal?.addEventListener('abort', abort);
      this.#waiters.add(waiter);
      // What settled between the refusal and this line woke nobody, and may have been the last to settle.
      if (this.#wakes !== this.#wakesBeforeStep) this.wake();
    });
  }

  wake(): void {
    this.#wakes += 1;
    if (this.#waiters.size === 0) return;
    this.#wasWoken = true;
    if (!this.#isPumping) void this.#pump();
  }

  #wakeEvery(pollMs: number): () => void {
    let cancel = () => {};
    const schedule = () => {
      cancel = this.#clock.schedule(() => {
        this.wake();
        schedule();
      }, pollMs);
    };
    schedule();
    return () => cancel();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#wasWoken) {
      this.#wasWoken = false;
      const blocked: BudgetRun[] = [];
      for (const waiter of [...this.#waiters]) {
        if (!this.#waiters.has(waiter)) continue;
        // Nobody overtakes an earlier call on an account that the earlier call waits for.
        if (!waiter.runs.some((run) => includesAccount(blocked, run))) await waiter.tryAgain();
        if (this.#waiters.has(waiter)) blocked.push(...waiter.blockedBy);
      }
    }
    this.#isPumping = false;
  }
}

function includesAccount(runs: readonly BudgetRun[], run: BudgetRun): boolean {
  return runs.some((candidate) => isSameAccount(candidate, run));
}
