import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../clock.js';
import { checkedCount } from './options.js';
import type { Sink, SinkEvent, SpendRecord } from './sink.js';

/** How a runner queues and writes. */
export interface SinkRunnerOptions {
  readonly clock: Clock;
  /** Records and events that may wait. */
  readonly maxQueue?: number;
  /** The most records in one write. */
  readonly maxBatch?: number;
  /** How long a record may wait for others to share its write, in milliseconds. */
  readonly delayMs?: number;
  /** How long `flush` and `shutdown` wait for the sink, in milliseconds. */
  readonly flushTimeoutMs?: number;
  /**
   * What happens when the queue is full: the one that comes is dropped (the default), the oldest gives way to it, or
   * `pushAll` makes its caller wait. What is dropped is counted.
   */
  readonly onOverflow?: 'drop-newest' | 'drop-oldest' | 'block';
  /** Told of each failed write, event, flush or shutdown. What it throws is ignored. */
  readonly onError?: (error: unknown) => void;
  /** Told how many were dropped since it was last told. What it throws is ignored. */
  readonly onDrop?: (count: number) => void;
  /** Told once that the runner takes nothing more. */
  readonly onClose?: () => void;
}

/** A queue in front of one sink: whatever the sink does stays behind it. */
export interface SinkRunner {
  readonly sink: Sink;
  /** Queues one record in constant time. Never throws, never runs the sink. */
  push(record: SpendRecord): void;
  /** Queues one event behind what is already there. Never throws, never runs the sink. */
  pushEvent(event: SinkEvent): void;
  /** Queues records in order; under `block` it resolves once all of them have a place. Never rejects. */
  pushAll(records: readonly SpendRecord[]): void | Promise<void>;
  /** Resolves when all that is queued is written and the sink flushed, or the time is up. Never rejects. */
  flush(): Promise<void>;
  /** Flushes, then shuts the sink down; later records are dropped and counted. Never rejects; again is the same. */
  shutdown(): Promise<void>;
  /** Records and events waiting or being written. */
  readonly pending: number;
  /** Records and events that found the queue full or closed, or gave way. */
  readonly dropped: number;
  /** Records in writes that failed; a failed write is not tried again. */
  readonly failedRecords: number;
  /** Writes, events, flushes and shutdowns that failed or took too long. */
  readonly failures: number;
}

const DEFAULTS = { maxQueue: 10_000, maxBatch: 500, delayMs: 50, flushTimeoutMs: 10_000 } as const;

/** An event in the queue; its class tells it from the records beside it, which stay as they came. */
class QueuedEvent {
  readonly event: SinkEvent;

  constructor(event: SinkEvent) {
    this.event = event;
  }
}

/** A record that its writer waits to see queued. */
interface WaitingRecord {
  readonly record: SpendRecord;
  /** Set on the last of a write. */
  readonly onQueued?: () => void;
}

class QueueRunner implements SinkRunner {
  readonly sink: Sink;
  readonly #options: Required<Pick<SinkRunnerOptions, keyof typeof DEFAULTS>> & SinkRunnerOptions;
  #queue: (SpendRecord | QueuedEvent)[] = [];
  // Only under `block`: what its writers still wait with, behind a full queue.
  #waiting: WaitingRecord[] = [];
  #inFlight = 0;
  // Counted over the life of the runner: what was queued, what left the queue, and up to where all of that is done.
  // `flush` waits until the last has reached what was queued before it.
  #accepted = 0;
  #left = 0;
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
    this.#offer(record);
  }

  pushEvent(event: SinkEvent): void {
    this.#offer(new QueuedEvent(event));
  }

  pushAll(records: readonly SpendRecord[]): void | Promise<void> {
    const mayWait = this.#options.onOverflow === 'block' && this.#shutdown === undefined;
    // Whoever waits already is first; a later write must not overtake it.
    const room = this.#waiting.length > 0 ? 0 : this.#options.maxQueue - this.#queue.length;
    const rest = mayWait ? records.slice(room) : [];
    for (const record of mayWait ? records.slice(0, room) : records) this.#offer(record);
    if (rest.length === 0) return;
    return new Promise((resolve) => {
      for (const record of rest.slice(0, -1)) this.#waiting.push({ record });
      for (const record of rest.slice(-1)) this.#waiting.push({ record, onQueued: resolve });
    });
  }

  async flush(): Promise<void> {
    await this.#withinTime('flush', async () => {
      await this.#drainAccepted();
      await this.#outsideOfCalls.runInAsyncScope(() => this.sink.flush?.());
    });
  }

  shutdown(): Promise<void> {
    if (this.#shutdown === undefined) {
      ignoringErrors(() => this.#options.onClose?.());
      this.#shutdown = Promise.resolve().then(() => this.#close());
    }
    return this.#shutdown;
  }

  async #close(): Promise<void> {
    await this.flush();
    // The sink did not take these in time: their writers wait no longer.
    for (const { onQueued } of this.#waiting.splice(0)) {
      this.#countDrop();
      onQueued?.();
    }
    await this.#withinTime('shut down', async () => {
      await this.#outsideOfCalls.runInAsyncScope(() => this.sink.shutdown?.());
    });
  }

  #offer(entry: SpendRecord | QueuedEvent): void {
    if (this.#shutdown !== undefined) {
      this.#countDrop();
      return;
    }
    if (this.#queue.length >= this.#options.maxQueue) {
      this.#countDrop();
      if (this.#options.onOverflow !== 'drop-oldest') return;
      this.#queue.shift();
      this.#left += 1;
      if (this.#inFlight === 0) this.#finished = this.#left;
    }
    this.#enqueue(entry);
  }

  #enqueue(entry: SpendRecord | QueuedEvent): void {
    this.#queue.push(entry);
    this.#accepted += 1;
    this.#scheduleWrite();
  }

  #scheduleWrite(): void {
    if (this.#draining !== undefined || this.#writeIsDue) return;
    const { maxBatch, maxQueue, delayMs, clock } = this.#options;
    const isFull = this.#queue.length >= Math.min(maxBatch, maxQueue);
    if (this.#cancelWrite !== undefined && !isFull) return;
    this.#cancelWrite?.();
    this.#writeIsDue = isFull;
    this.#cancelWrite = clock.schedule(() => void this.#drain(), isFull ? 0 : delayMs);
  }

  async #drainAccepted(): Promise<void> {
    const target = this.#accepted + this.#waiting.length;
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
      left -= batch.length;
      this.#left += batch.length;
      this.#inFlight = batch.length;
      this.#letIn();
      await this.#deliver(batch);
      this.#inFlight = 0;
      this.#finished = this.#left;
    }
  }

  /** Gives the room in the queue to those who wait for it. */
  #letIn(): void {
    for (const { record, onQueued } of this.#waiting.splice(0, this.#options.maxQueue - this.#queue.length)) {
      this.#enqueue(record);
      onQueued?.();
    }
  }

  async #deliver(batch: readonly (SpendRecord | QueuedEvent)[]): Promise<void> {
    const records = batch.filter((entry): entry is SpendRecord => !(entry instanceof QueuedEvent));
    const events = batch.filter((entry) => entry instanceof QueuedEvent);
    const count = records.length;
    // The sink gets an array of its own: what it does to it is no matter.
    if (count > 0) {
      const isWritten = await this.#attempt(() => this.sink.write(records));
      if (!isWritten) this.failedRecords += count;
    }
    for (const { event } of events) await this.#attempt(() => this.sink.onEvent?.(event));
  }

  async #attempt(action: () => void | Promise<void>): Promise<boolean> {
    try {
      await this.#outsideOfCalls.runInAsyncScope(action);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
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
 * Puts a bounded queue and batched writes in front of `sink`. One write is in flight at a time, in order; the events of
 * a batch follow its records. A sink that throws, rejects, never answers or calls back into the runner loses at most
 * its own records and events, and each loss is counted.
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

function ignoringErrors(callback: () => void): void {
  try {
    callback();
  } catch {
    // An observer that fails must not become a failure of what it observes.
  }
}
