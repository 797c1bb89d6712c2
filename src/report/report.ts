import { ConfigError } from '../errors.js';
import type { SpendRecord } from '../sink/sink.js';
import { groupRows, type ReportRow, type ReportTotal, totalsOf } from './aggregate.js';
import { assertUnder, type CostCaps } from './assert-under.js';
import { dimensionReader } from './dimension.js';
import { createFilter, type RecordRange, type Where } from './filter.js';
import { formatCsv, formatTable } from './format.js';

/** What to group by and which records count. */
export interface ReportOptions extends RecordRange {
  /**
   * Tag keys and the dimensions `$model` `$servedModel` `$provider` `$operation` `$budget` (the innermost with a name)
   * `$outcome` `$hour` `$day` `$month` (UTC). None: one row for all.
   */
  readonly groupBy?: readonly string[];
}

/** What is known about records that are no longer here. */
export interface ReportContext {
  /** How many records were dropped. */
  readonly dropped?: number;
  /** The latest time of a dropped record, in milliseconds since the epoch; without it, the oldest one here counts. */
  readonly droppedUntilMs?: number | undefined;
}

/** The plain form of a report. */
export interface ReportJson {
  readonly rows: readonly ReportRow[];
  readonly total: ReportTotal;
  /** How many records that may have matched are gone; absent for none. */
  readonly dropped?: number;
}

/** A snapshot of what was spent. Iterating gives its rows. */
export interface Report extends Iterable<ReportRow> {
  /** One row for each group, dearest first. Empty when no record matched. */
  readonly rows: readonly ReportRow[];
  /** How many records that may have matched are no longer here; 0 when the figures are whole. */
  readonly dropped: number;
  /** The figures of all rows together; zeros when there are none. */
  total(): ReportTotal;
  /**
   * Checks the records of this report, those that `where` matches, against caps; grouped or not makes no difference.
   *
   * @throws CostAssertionError naming sum, cap and filter when a sum is above its cap, when no record matches, when
   * records that may match were dropped, and under a usd cap when a matching call has no price.
   * @throws ConfigError for caps or conditions that cannot be used.
   */
  assertUnder(caps: CostCaps, where?: Where): void;
  /** An aligned table with a line of totals, for people. */
  toTable(): string;
  /** RFC 4180 text with a header line and exact costs, safe to open in a spreadsheet. */
  toCSV(): string;
  toJSON(): ReportJson;
}

const OPTION_KEYS: readonly string[] = ['groupBy', 'where', 'since', 'until'];

/**
 * Makes a report over `records`, which it does not change and of which it keeps those that match.
 *
 * @throws ConfigError naming an option that is unknown or cannot be used.
 *
 * @example
 * const report = createReport(records, { groupBy: ['feature'], since: '2026-11-01' });
 * for (const row of report) console.log(row.tags.feature, row.costUsd);
 */
export function createReport(
  records: Iterable<SpendRecord>,
  options: ReportOptions = {},
  context: ReportContext = {},
): Report {
  checkOptions(options);
  const keys = [...new Set(options.groupBy ?? [])];
  const dimensions = keys.map((key) => [key, dimensionReader(key, 'groupBy')] as const);
  const filter = createFilter(options);
  const matching: SpendRecord[] = [];
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const record of records) {
    oldestMs = Math.min(oldestMs, record.timeMs);
    if (filter.matches(record)) matching.push(record);
  }
  const rows = Object.freeze(groupRows(matching, dimensions));
  const total = totalsOf(matching).toTotal();
  const missing = filter.reachesBackTo(context.droppedUntilMs ?? oldestMs) ? (context.dropped ?? 0) : 0;
  return Object.freeze({
    rows,
    dropped: missing,
    total: () => total,
    assertUnder: (caps: CostCaps, where?: Where) => assertUnder({ records: matching, filter, missing }, caps, where),
    toTable: () => formatTable({ keys, rows, total, dropped: missing }),
    toCSV: () => formatCsv({ keys, rows }),
    toJSON: () => ({ rows, total, ...(missing > 0 && { dropped: missing }) }),
    [Symbol.iterator]: () => rows[Symbol.iterator](),
  });
}

function checkOptions(options: ReportOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigError({
      option: 'report options',
      value: options,
      remedy: 'give an object with groupBy, where, since, until',
    });
  }
  for (const key of Object.keys(options)) {
    if (OPTION_KEYS.includes(key)) continue;
    throw new ConfigError({ option: `report option '${key}'`, value: key, remedy: `use ${OPTION_KEYS.join(', ')}` });
  }
  const { groupBy } = options;
  if (groupBy !== undefined && !Array.isArray(groupBy)) {
    throw new ConfigError({
      option: 'groupBy',
      value: groupBy,
      remedy: "give an array of tag keys and dimensions, such as ['feature', '$model']",
    });
  }
}
