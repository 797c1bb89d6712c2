import { ConfigError } from '../errors.js';
import { DEFAULT_MAX_EVICTED_GROUPS, type EvictedSums, EvictedTotals } from './evicted-totals.js';
import type { SpendRecord } from './sink.js';

/** How many records a process keeps unless it is told otherwise. */
export const DEFAULT_MAX_RECORDS = 100_000;

/**
 * The newest records of this process, oldest first; older ones give way in constant time and live on in sums.
 *
 * Its memory does not grow with the calls: it is that of `maxRecords` records, of the bounded number of sums, and of the
 * provisional records that may still be corrected, a bounded number as well.
 */
export interface RecordRing {
  /**
   * Keeps `record` as the newest; the oldest gives way when the ring is full. The later word on a provisional record
   * that is still here (same `id`) takes its place instead; of one that gave way, the sums forget what it put into them,
   * and the later word is the newest record. Where more than 10 000 provisional records gave way since, it counts as one
   * more call.
   */
  add(record: SpendRecord): void;
  /**
   * Puts `record` in the place of the provisional record with its `id`. Returns whether there was one; if not,
   * nothing changes. Provisional is what may still be corrected: an expired attempt, or a presumed cost.
   */
  replace(record: SpendRecord): boolean;
  /** A copy, oldest first: it stays as it is while more records come. */
  records(): readonly SpendRecord[];
  /** How many records gave way and stand uncorrected. `dropped + size` is the number of calls that came. */
  readonly dropped: number;
  /** The latest `timeMs` of a record that gave way; `undefined` while none did. */
  readonly droppedUntilMs: number | undefined;
  /** What the records that gave way came to: a copy, as `records()` is. `dropped` counts all of them. */
  evicted(): EvictedSums;
  /** How many records are here. */
  readonly size: number;
  /** Changes the bound; the oldest records above it give way. @throws ConfigError for a bound that is no count. */
  resize(maxRecords: number): void;
  /** Forgets the records, and the sums and the count of dropped ones. */
  clear(): void;
}

class ArrayRing implements RecordRing {
  #slots: SpendRecord[] = [];
  #oldest = 0;
  #maxRecords: number;
  // Only provisional records are indexed: an index of all of them would double the memory of the ring.
  readonly #provisionalSlots = new Map<string, number>();
  readonly #evicted: EvictedTotals;
  #dropped = 0;
  #droppedUntilMs: number | undefined;

  constructor(maxRecords: number, maxEvictedGroups: number) {
    this.#maxRecords = checkCount('maxRecords', maxRecords);
    this.#evicted = new EvictedTotals(checkCount('maxEvictedGroups', maxEvictedGroups));
  }

  get dropped(): number {
    return this.#dropped;
  }

  get droppedUntilMs(): number | undefined {
    return this.#droppedUntilMs;
  }

  get size(): number {
    return this.#slots.length;
  }

  add(record: SpendRecord): void {
    if (this.replace(record)) return;
    if (this.#evicted.takeBack(record.id)) this.#dropped -= 1;
    if (this.#slots.length < this.#maxRecords) {
      this.#put(this.#slots.length, record);
      return;
    }
    const evicted = this.#slots[this.#oldest];
    this.#drop(evicted ?? record);
    if (evicted === undefined) return;
    this.#put(this.#oldest, record);
    this.#oldest = (this.#oldest + 1) % this.#maxRecords;
  }

  replace(record: SpendRecord): boolean {
    const slot = this.#provisionalSlots.get(record.id);
    if (slot === undefined) return false;
    this.#provisionalSlots.delete(record.id);
    this.#put(slot, record);
    return true;
  }

  records(): readonly SpendRecord[] {
    return [...this.#slots.slice(this.#oldest), ...this.#slots.slice(0, this.#oldest)];
  }

  evicted(): EvictedSums {
    return this.#evicted.sums();
  }

  resize(maxRecords: number): void {
    this.#maxRecords = checkCount('maxRecords', maxRecords);
    const ordered = this.records();
    const surplus = Math.max(0, ordered.length - maxRecords);
    for (const record of ordered.slice(0, surplus)) this.#drop(record);
    this.#slots = [];
    this.#oldest = 0;
    for (const record of ordered.slice(surplus)) this.#put(this.#slots.length, record);
  }

  clear(): void {
    this.#slots = [];
    this.#oldest = 0;
    this.#provisionalSlots.clear();
    this.#evicted.clear();
    this.#dropped = 0;
    this.#droppedUntilMs = undefined;
  }

  #put(slot: number, record: SpendRecord): void {
    this.#slots[slot] = record;
    if (isProvisional(record)) this.#provisionalSlots.set(record.id, slot);
  }

  #drop(record: SpendRecord): void {
    const mayChange = isProvisional(record);
    if (mayChange) this.#provisionalSlots.delete(record.id);
    this.#evicted.add(record, mayChange);
    this.#dropped += 1;
    this.#droppedUntilMs = Math.max(this.#droppedUntilMs ?? record.timeMs, record.timeMs);
  }
}

/**
 * Makes a ring that keeps the newest `maxRecords` records (100 000 unless given; 0 keeps none). It grows as records
 * come, so a short process pays only for what it keeps. Of records that gave way it keeps at most `maxEvictedGroups`
 * sums (10 000 unless given).
 *
 * @throws ConfigError naming the option that is not a whole number from 0 up.
 *
 * @example
 * const ring = createRecordRing({ maxRecords: 1000 });
 * ring.add(record);
 * const { dropped, droppedUntilMs } = ring;
 * createReport(ring.records(), {}, { dropped, droppedUntilMs, evicted: ring.evicted() }).total().usd;
 */
export function createRecordRing(
  options: { readonly maxRecords?: number; readonly maxEvictedGroups?: number } = {},
): RecordRing {
  const { maxRecords = DEFAULT_MAX_RECORDS, maxEvictedGroups = DEFAULT_MAX_EVICTED_GROUPS } = options;
  return new ArrayRing(maxRecords, maxEvictedGroups);
}

function isProvisional(record: SpendRecord): boolean {
  return record.outcome === 'expired' || record.basis === 'presumed';
}

function checkCount(option: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ConfigError({ option, value, remedy: 'give the number to keep: a whole number, 0 or more' });
}
