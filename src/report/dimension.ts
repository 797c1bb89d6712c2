import { ConfigError } from '../errors.js';
import type { SpendRecord } from '../sink/sink.js';

/** Reads the text a record is grouped by; `null` where the record has none. */
export type DimensionReader = (record: SpendRecord) => string | null;

const HOUR_LENGTH = '2026-11-24T14'.length;
const DAY_LENGTH = '2026-11-24'.length;
const MONTH_LENGTH = '2026-11'.length;

const DIMENSIONS: ReadonlyMap<string, DimensionReader> = new Map<string, DimensionReader>([
  ['$model', (record) => record.model],
  ['$servedModel', (record) => record.servedModel ?? null],
  ['$provider', (record) => record.provider],
  ['$operation', (record) => record.operation],
  ['$budget', (record) => budgetNames(record).at(-1) ?? null],
  ['$outcome', (record) => record.outcome],
  ['$hour', (record) => timeText(record, HOUR_LENGTH)],
  ['$day', (record) => timeText(record, DAY_LENGTH)],
  ['$month', (record) => timeText(record, MONTH_LENGTH)],
]);

/**
 * Returns the reader of one group key: a `$` dimension, or else the tag of that name as text.
 *
 * Times are UTC: `$hour` is `2026-11-24T14`, `$day` `2026-11-24`, `$month` `2026-11`. `$budget` is the innermost
 * budget with a name, so that a record counts once.
 *
 * @throws ConfigError naming `option` for an unknown `$` dimension or a key that is no text.
 */
export function dimensionReader(key: string, option: string): DimensionReader {
  if (typeof key === 'string' && !key.startsWith('$') && key !== '') return (record) => tagText(record, key);
  const reader = DIMENSIONS.get(key);
  if (reader !== undefined) return reader;
  throw new ConfigError({
    option,
    value: key,
    remedy: `give a tag key, or one of ${[...DIMENSIONS.keys()].join(' ')}`,
  });
}

/**
 * Returns all texts a record may be filtered by under `key`: one, but for `$budget` each named budget around the call,
 * so that a filter on an outer budget also finds what inner ones spent.
 *
 * @throws ConfigError as `dimensionReader` does.
 */
export function dimensionValues(key: string, option: string): (record: SpendRecord) => readonly (string | null)[] {
  const reader = dimensionReader(key, option);
  if (key !== '$budget') return (record) => [reader(record)];
  return (record) => {
    const names = budgetNames(record);
    return names.length > 0 ? names : [null];
  };
}

function tagText(record: SpendRecord, key: string): string | null {
  return Object.hasOwn(record.tags, key) ? String(record.tags[key]) : null;
}

function timeText(record: SpendRecord, length: number): string {
  return new Date(record.timeMs).toISOString().slice(0, length);
}

function budgetNames(record: SpendRecord): string[] {
  return record.budgets.flatMap(({ name }) => (name === undefined ? [] : [name]));
}
