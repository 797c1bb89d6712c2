import type { EvictedGroup, EvictedSums } from '../sink/evicted-totals.js';
import type { SpendRecord } from '../sink/sink.js';
import type { RecordFilter } from './filter.js';

/** What is known about records that are no longer here. */
export interface ReportContext {
  /** How many records were dropped. */
  readonly dropped?: number;
  /** The latest time of a dropped record, in milliseconds since the epoch; without it, the oldest one here counts. */
  readonly droppedUntilMs?: number | undefined;
  /** What the dropped records came to; without it, each of them is missing. */
  readonly evicted?: EvictedSums;
}

/** The calls that a report, or an assertion about one, is about. */
export interface Selection {
  readonly records: readonly SpendRecord[];
  /** Sums of records that are no longer here. */
  readonly evicted: readonly EvictedGroup[];
  /** How many records that may belong here are in neither. */
  readonly missing: number;
  /** How many records may be missing once a condition about time leaves the sums out. */
  readonly missingByTime: number;
}

/**
 * Chooses what `filter` matches. `readsTime`: whether anything else asks for the time of a call, such as a grouping.
 * Sums know no time, so then they are left out, and what they hold is missing where the filter reaches back to it.
 */
export function selectCalls(
  records: Iterable<SpendRecord>,
  context: ReportContext,
  filter: RecordFilter,
  readsTime: boolean,
): Selection {
  const matching: SpendRecord[] = [];
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const record of records) {
    oldestMs = Math.min(oldestMs, record.timeMs);
    if (filter.matches(record)) matching.push(record);
  }
  const { dropped = 0, droppedUntilMs = oldestMs, evicted } = context;
  const missingByTime = filter.reachesBackTo(droppedUntilMs) ? dropped : 0;
  if (evicted === undefined || readsTime || filter.readsTime) {
    return { records: matching, evicted: [], missing: missingByTime, missingByTime };
  }
  const groups = evicted.groups.filter(({ traits }) => filter.matches(traits));
  return { records: matching, evicted: groups, missing: evicted.uncounted, missingByTime };
}

/** Chooses of a selection what `filter` matches as well. */
export function narrowSelection(selection: Selection, filter: RecordFilter): Selection {
  const { missingByTime } = selection;
  const records = selection.records.filter((record) => filter.matches(record));
  if (filter.readsTime) return { records, evicted: [], missing: missingByTime, missingByTime };
  return { ...selection, records, evicted: selection.evicted.filter(({ traits }) => filter.matches(traits)) };
}
