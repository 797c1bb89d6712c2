import type { SpendRecord } from './sink.js';

/** Which records to read, by when they settled, in milliseconds since the epoch. */
export interface TimeRange {
  /** Inclusive; absent: from the first. */
  readonly sinceMs?: number;
  /** Exclusive; absent: to the last. */
  readonly untilMs?: number;
}

/** Where kept records can be read back: what a sink needs to be reported from. */
export interface RecordSource {
  /** Gives the records of `range`, each id once with its latest word, oldest first. */
  readRecords(range: TimeRange): Iterable<SpendRecord> | AsyncIterable<SpendRecord>;
}
