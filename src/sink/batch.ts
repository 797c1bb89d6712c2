import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../clock.js';
import { ConfigError } from '../errors.js';
import type { Sink, SpendRecord } from './sink.js';

/** How a runner queues and writes. */
export interface SinkRunnerOptions {
  readonly clock: Clock;
  /** Records that may wait; one more is dropped and counted. */
  readonly maxQueue?: number;
  /** The most records in one write. */
  readonly maxBatch?: number;
  /** How long a record may wait for others to share its write, in milliseconds. */
  readonly delayMs?: number;
  /** How long `flush` and `shutdown` wait for the sink, in milliseconds. */
  readonly flushTimeoutMs?: number;
  /** Told of each failed write, flush or shutdown. What it throws is ignored. */
  readonly onError?: (error: unknown) => void;
  /** Told how many records were dropped since it was last told. What it throws is ignored. */
  readonly onDrop?: (count: number) => void;
}

/** A queue in front of one sink: whatever the sink does stays behind it. */
export interface SinkRunner {
  readonly sink: Sink;
  /** Queues one record in constant time. Never throws, never runs the sink. */
  push(record: SpendRecord): void;
  /** Resolves when all that is queued is written and the sink flushed, or the time is up. Never rejects. */
  flush(): Promise<void>;
  /** Flushes, then shuts the sink down; later records are dropped and counted. Never rejects; again is the same. */
  shutdown(): Promise<void>;
  /** Records waiting or being written. */
  readonly pending: number;
  /** Records that found the queue full or closed. */
  readonly dropped: number;
  /** Records in writes that failed; a failed write is not tried again. */
  readonly failedRecords: number;
  /** Writes, flushes and shutdowns that failed or took too long. */
  readonly failures: number;
}

const DEFAULTS = { maxQueue: 10_000, maxBatch: 500, delayMs: 50, flushTimeoutMs: 10_000 } as const;

class QueueRunner implements SinkRunner {
  readonly sink: Sink;
  readonly #options: Required<Pick<SinkRunnerOptions, keyof typeof DEFAULTS>> & SinkRunnerOptions;
  #queue: SpendRecord[] = [];
  #inFlight = 0;
  // Counted over the life of the runner: `flush` waits until `#finished` reaches what was accepted before it.
  #accepted = 0;
  #finished = 0;
  #draining: Promise<void> | undefined;
  #cancelWrite: (() => void) | undefined;
  #writeIsDue = false;
  #unreportedDrops = 0;
  #shutdown: Promise<void> | undefined;
  // A sink runs where it was added, not in the budget and tags of the call whose record happened to start the timer.
  readonly #outsideOfCalls = new AsyncResource('TokenguardSink');
  dropped = 0;
  failedRecords = 0;
  failures = 0;

  constructor(sink: Sink, options: SinkRunnerOptions) {
    this.sink = sink;
    this.#options = { ...options, ...checkedLimits(options) };
  }

  get pending(): number {
    return this.#queue.length + this.#inFlight;
  }

  push(record: SpendRecord): void {
    if (this.#shutdown !== undefined || this.#queue.length >= this.#options.maxQueue) {
      this.#countDrop();
      return;
    }
    this.#queue.push(record);
    this.#accepted += 1;
    this.#scheduleWrite();
  }

  async flush(): Promise<void> {
    await this.#withinTime('flush', async () => {
      await this.#drainAccepted();
      await this.#outsideOfCalls.runInAsyncScope(() => this.sink.flush?.());
    });
  }

  shutdown(): Promise<void> {
    this.#shutdown ??= Promise.resolve().then(async () => {
      await this.flush();
      await this.#withinTime('shut down', async () => {
        await this.#outsideOfCalls.runInAsyncScope(() => this.sink.shutdown?.());
      });
    });
    return this.#shutdown;
  }

  #scheduleWrite(): void {
    if (this.#draining !== undefined || this.#writeIsDue) return;
    const isFull = this.#queue.length >= this.#options.maxBatch;
    if (this.#cancelWrite !== undefined && !isFull) return;
    this.#cancelWrite?.();
    this.#writeIsDue = isFull;
    this.#cancelWrite = this.#options.clock.schedule(() => void this.#drain(), isFull ? 0 : this.#options.delayMs);
  }

  async #drainAccepted(): Promise<void> {
    const target = this.#accepted;
    while (this.#finished < target) await this.#drain();
  }

  #drain(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    this.#writeIsDue = false;
    // A turn later, so that a sink that asks for a flush while it writes finds this round under way.
    this.#draining ??= Promise.resolve()
      .then(() => this.#writeQueued())
      .finally(() => {
        this.#draining = undefined;
        if (this.#queue.length > 0) this.#scheduleWrite();
      });
    return this.#draining;
  }

  /** Writes what is queued now. What a sink pushes while it writes waits for the next round, so rounds end. */
  async #writeQueued(): Promise<void> {
    let left = this.#queue.length;
    while (left > 0) {
      const batch = this.#queue.splice(0, Math.min(left, this.#options.maxBatch));
      const count = batch.length;
      left -= count;
      this.#inFlight = count;
      try {
        await this.#outsideOfCalls.runInAsyncScope(() => this.sink.write(batch));
      } catch (error) {
        this.failedRecords += count;
        this.#fail(error);
      }
      this.#inFlight = 0;
      this.#finished += count;
    }
  }

  async #withinTime(verb: string, action: () => Promise<void>): Promise<void> {
    const { clock, flushTimeoutMs } = this.#options;
    let cancelTimeout: (() => void) | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      cancelTimeout = clock.schedule(
        () => reject(new Error(`A sink did not ${verb} within ${flushTimeoutMs} ms`)),
        flushTimeoutMs,
      );
    });
    try {
      await Promise.race([action(), timeout]);
    } catch (error) {
      this.#fail(error);
    } finally {
      cancelTimeout?.();
    }
  }

  #fail(error: unknown): void {
    this.failures += 1;
    ignoringErrors(() => this.#options.onError?.(error));
  }

  #countDrop(): void {
    this.dropped += 1;
    this.#unreportedDrops += 1;
    if (this.#unreportedDrops > 1) return;
    // Told once per delay rather than per record: a full queue is when the process has the least time to spare.
    this.#options.clock.schedule(() => {
      const count = this.#unreportedDrops;
      this.#unreportedDrops = 0;
      ignoringErrors(() => this.#options.onDrop?.(count));
    }, this.#options.delayMs);
  }
}

/**
 * Puts a bounded queue and batched writes in front of `sink`. One write is in flight at a time, in order. A sink that
 * throws, rejects, never answers or calls back into `push` loses at most its own records, and each loss is counted.
 *
 * Unless given: `maxQueue` 10 000 records, `maxBatch` 500 records, `delayMs` 50, `flushTimeoutMs` 10 000.
 *
 * @throws ConfigError naming a limit that is not a whole number.
 *
 * @example
 * const runner = createSinkRunner(sqliteSink({ file: 'spend.db' }), { clock: systemClock });
 * runner.push(record);
 * await runner.shutdown();
 */
export function createSinkRunner(sink: Sink, options: SinkRunnerOptions): SinkRunner {
  return new QueueRunner(sink, options);
}

function checkedLimits(options: SinkRunnerOptions): Record<keyof typeof DEFAULTS, number> {
  return {
    maxQueue: checkedCount('maxQueue', options.maxQueue ?? DEFAULTS.maxQueue, 1),
    maxBatch: checkedCount('maxBatch', options.maxBatch ?? DEFAULTS.maxBatch, 1),
    delayMs: checkedCount('delayMs', options.delayMs ?? DEFAULTS.delayMs, 0),
    flushTimeoutMs: checkedCount('flushTimeoutMs', options.flushTimeoutMs ?? DEFAULTS.flushTimeoutMs, 0),
  };
}

// Timers take at most 2^31−1 milliseconds; above that they fire at once.
const MAX_COUNT = 2 ** 31 - 1;

function checkedCount(option: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= MAX_COUNT) return value;
  throw new ConfigError({ option, value, remedy: `give a whole number from ${least} to ${MAX_COUNT}` });
}

function ignoringErrors(callback: () => void): void {
  try {
    callback();
  } catch {
    // An observer that fails must not become a failure of what it observes.
  }
}
