import { ConfigError } from '../errors.js';
import type { SpendRecord } from '../sink/sink.js';
import { groupRows, type ReportRow, type ReportTotal, totalsOf } from './aggregate.js';
import { assertUnder, type CostCaps } from './assert-under.js';
import { dimensionReader, isTimeDimension } from './dimension.js';
import { createFilter, type RecordRange, type Where } from './filter.js';
import { formatCsv, formatTable } from './format.js';
import { type ReportContext, selectCalls } from './selection.js';

/** What to group by and which records count. */
export interface ReportOptions extends RecordRange {
  /**
   * Tag keys and the dimensions `$model` `$servedModel` `$provider` `$operation` `$budget` (the innermost with a name)
   * `$outcome` `$hour` `$day` `$month` (UTC). None: one row for all.
   */
  readonly groupBy?: readonly string[];
}

/** The plain form of a report. */
export interface ReportJson {
  readonly rows: readonly ReportRow[];
  readonly total: ReportTotal;
  /** How many records that may have matched are missing; absent for none. */
  readonly dropped?: number;
}

/** A snapshot of what was spent. Iterating gives its rows. */
export interface Report extends Iterable<ReportRow> {
  /** One row for each group, dearest first. Empty when no record matched. */
  readonly rows: readonly ReportRow[];
  /**
   * How many records that may have matched are missing; 0 when the figures are whole. A process keeps sums of what its
   * oldest records came to, for up to 10 000 different sets of tags and dimensions, and reports them as if they were
   * here. They know no time and no run: a `since` or `until` that reaches back to them, `$hour`, `$day`, `$month`, and
   * the report of a scope leave them out, and count them here.
   */
  readonly dropped: number;
  /** The figures of all rows together; zeros when there are none. */
  total(): ReportTotal;
  /**
   * Checks the calls of this report, those that `where` matches, against caps; grouped or not makes no difference.
   *
   * @throws CostAssertionError naming sum, cap and filter when a sum is above its cap, when no record matches, when
   * records that may match are missing, and under a usd cap when a matching call has no price.
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
 * Makes a report over `records` and what `context` says of those before them. It changes neither, and keeps what matches.
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
  const selection = selectCalls(records, context, filter, keys.some(isTimeDimension));
  const rows = Object.freeze(groupRows(selection, dimensions));
  const total = totalsOf(selection).toTotal();
  const { missing } = selection;
  return Object.freeze({
    rows,
    dropped: missing,
    total: () => total,
    assertUnder: (caps: CostCaps, where?: Where) => assertUnder(selection, filter, caps, where),
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
