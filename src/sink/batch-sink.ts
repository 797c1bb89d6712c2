import { type Clock, systemClock } from '../clock.js';
import { ConfigError } from '../errors.js';
import { createSinkRunner, type SinkRunner } from './batch.js';
import { refuseUnknownOptions } from './options.js';
import type { Sink, SinkHost, SpendRecord } from './sink.js';
import type { RecordSource } from './source.js';

/** How `batchSink` queues and writes. */
export interface BatchSinkOptions {
  /** Records that may wait; 10 000 unless given. */
  readonly maxQueue?: number;
  /** The most records in one write; 500 unless given. */
  readonly maxBatch?: number;
  /** How long a record may wait for others to share its write, in milliseconds; 50 unless given. */
  readonly delayMs?: number;
  /** How long `flush` and `shutdown` wait for the sink, in milliseconds; 10 000 unless given. */
  readonly flushTimeoutMs?: number;
  /**
   * What a record does that finds the queue full: it is dropped (`drop-newest`, the default), the oldest gives way to it
   * (`drop-oldest`), or `write` resolves only when it has a place (`block`), so that the writer slows down.
   */
  readonly onOverflow?: 'drop-newest' | 'drop-oldest' | 'block';
  /** Told how many records were dropped since it was last told. */
  readonly onDrop?: (count: number) => void;
  /** Told of each write, flush or shutdown of the sink that failed. */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
}

/** A sink with a bounded queue in front of it. */
export interface BatchedSink extends Sink, Partial<RecordSource> {
  /** Resolves when the records are queued; under `block` that may take as long as the sink. */
  write(records: readonly SpendRecord[]): void | Promise<void>;
  /** Writes all that was accepted. Rejects with what failed since, where neither `onError` nor a guard was told. */
  flush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Records and events waiting or being written. */
  readonly pending: number;
  /** Records and events that were dropped. */
  readonly dropped: number;
  /** Records in writes that failed. */
  readonly failedRecords: number;
}

const OVERFLOWS: readonly unknown[] = ['drop-newest', 'drop-oldest', 'block', undefined];
const OPTION_KEYS = [
  ...['maxQueue', 'maxBatch', 'delayMs', 'flushTimeoutMs', 'onOverflow', 'onDrop', 'onError', 'clock'],
] as const;

/**
 * Puts a bounded queue and batched writes in front of any sink. Order is kept; `flush` and `shutdown` write all that was
 * accepted. What the sink keeps can still be read back where it could before; call `flush` first to read all of it.
 *
 * A guard has such a queue in front of every sink already; this one is for other limits, for back-pressure, and for
 * sinks that are written to directly.
 *
 * @throws ConfigError for an option that is unknown or cannot be used.
 *
 * @example
 * addSink(batchSink(warehouseSink, { maxQueue: 100_000, maxBatch: 5000, delayMs: 1000, onOverflow: 'drop-oldest' }));
 */
export function batchSink(sink: Sink & RecordSource, options?: BatchSinkOptions): BatchedSink & RecordSource;
export function batchSink(sink: Sink, options?: BatchSinkOptions): BatchedSink;
export function batchSink(sink: Sink & Partial<RecordSource>, options: BatchSinkOptions = {}): BatchedSink {
  refuseUnknownOptions('batchSink', options, OPTION_KEYS);
  if (!OVERFLOWS.includes(options.onOverflow)) {
    const remedy = "use 'drop-newest', 'drop-oldest' or 'block'";
    throw new ConfigError({ option: 'onOverflow', value: options.onOverflow, remedy });
  }
  let host: SinkHost | undefined;
  let untold: { readonly error: unknown } | undefined;
  const runner = createSinkRunner(sink, {
    ...options,
    clock: options.clock ?? systemClock,
    onError(error) {
      if (host === undefined && options.onError === undefined) untold ??= { error };
      host?.failed(error);
      options.onError?.(error);
    },
    onDrop(count) {
      host?.dropped(count);
      options.onDrop?.(count);
    },
  });

  async function thenTell(done: Promise<void>): Promise<void> {
    await done;
    const failure = untold;
    untold = undefined;
    if (failure !== undefined) throw failure.error;
  }

  return {
    name: sink.name,
    attach(newHost) {
      host = newHost;
      // The sink inside may be a queue too, and has the same to tell.
      sink.attach?.(newHost);
    },
    write: (records) => runner.pushAll(records),
    flush: () => thenTell(runner.flush()),
    shutdown: () => thenTell(runner.shutdown()),
    ...passedOn(sink, runner),
    get pending() {
      return runner.pending;
    },
    get dropped() {
      return runner.dropped;
    },
    get failedRecords() {
      return runner.failedRecords;
    },
  };
}

/** What only some sinks can do; a method that is there says that this one can. */
function passedOn(
  sink: Sink & Partial<RecordSource>,
  runner: SinkRunner,
): Pick<BatchedSink, 'onEvent' | 'readRecords'> {
  return {
    ...(sink.onEvent && { onEvent: (event) => runner.pushEvent(event) }),
    ...(sink.readRecords && { readRecords: (range) => (sink as RecordSource).readRecords(range) }),
  };
}
