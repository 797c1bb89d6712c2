import { ConfigError } from '../errors.js';
import type { SpendRecord } from './sink.js';

/** How many records a process keeps unless it is told otherwise. */
export const DEFAULT_MAX_RECORDS = 100_000;

/** The newest records of this process, oldest first; older ones give way in constant time. */
export interface RecordRing {
  /**
   * Keeps `record` as the newest; the oldest gives way when the ring is full. The later word on a provisional record
   * that is still here (same `id`) takes its place instead.
   */
  add(record: SpendRecord): void;
  /**
   * Puts `record` in the place of the provisional record with its `id`. Returns whether there was one; if not,
   * nothing changes. Provisional is what may still be corrected: an expired attempt, or a presumed cost.
   */
  replace(record: SpendRecord): boolean;
  /** A copy, oldest first: it stays as it is while more records come. */
  records(): readonly SpendRecord[];
  /** How many records gave way. `dropped + size` is the number that came. */
  readonly dropped: number;
  /** The latest `timeMs` of a record that gave way; `undefined` while none did. */
  readonly droppedUntilMs: number | undefined;
  /** How many records are here. */
  readonly size: number;
  /** Changes the bound; the oldest records above it give way. @throws ConfigError for a bound that is no count. */
  resize(maxRecords: number): void;
  /** Forgets the records and the count of dropped ones. */
  clear(): void;
}

class ArrayRing implements RecordRing {
  #slots: SpendRecord[] = [];
  #oldest = 0;
  #maxRecords: number;
  // Only provisional records are indexed: an index of all of them would double the memory of the ring.
  readonly #provisionalSlots = new Map<string, number>();
  #dropped = 0;
  #droppedUntilMs: number | undefined;

  constructor(maxRecords: number) {
    this.#maxRecords = checkMaxRecords(maxRecords);
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

  resize(maxRecords: number): void {
    this.#maxRecords = checkMaxRecords(maxRecords);
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
    this.#dropped = 0;
    this.#droppedUntilMs = undefined;
  }

  #put(slot: number, record: SpendRecord): void {
    this.#slots[slot] = record;
    if (isProvisional(record)) this.#provisionalSlots.set(record.id, slot);
  }

  #drop(record: SpendRecord): void {
    if (isProvisional(record)) this.#provisionalSlots.delete(record.id);
    this.#dropped += 1;
    this.#droppedUntilMs = Math.max(this.#droppedUntilMs ?? record.timeMs, record.timeMs);
  }
}

/**
 * Makes a ring that keeps the newest `maxRecords` records (100 000 unless given; 0 keeps none). It grows as records
 * come, so a short process pays only for what it keeps.
 *
 * @throws ConfigError naming `maxRecords` when it is not a whole number from 0 up.
 *
 * @example
 * const ring = createRecordRing({ maxRecords: 1000 });
 * ring.add(record);
 * createReport(ring.records(), {}, ring).total().usd;
 */
export function createRecordRing(options: { readonly maxRecords?: number } = {}): RecordRing {
  return new ArrayRing(options.maxRecords ?? DEFAULT_MAX_RECORDS);
}

function isProvisional(record: SpendRecord): boolean {
  return record.outcome === 'expired' || record.basis === 'presumed';
}

function checkMaxRecords(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ConfigError({
    option: 'maxRecords',
    value,
    remedy: 'give the number of records to keep: a whole number, 0 or more',
  });
}
