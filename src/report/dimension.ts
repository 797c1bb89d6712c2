import { ConfigError } from '../errors.js';
import type { CallTraits } from '../sink/evicted-totals.js';

/** What is read of a record, or of a sum of evicted records: that has no time. */
export type Call = CallTraits & { readonly timeMs?: number };

/** Reads the text a call is grouped by; `null` where the call has none. */
export type DimensionReader = (call: Call) => string | null;

const HOUR_LENGTH = '2026-11-24T14'.length;
const DAY_LENGTH = '2026-11-24'.length;
const MONTH_LENGTH = '2026-11'.length;

const TIME_DIMENSIONS: ReadonlyMap<string, DimensionReader> = new Map<string, DimensionReader>([
  ['$hour', (call) => timeText(call, HOUR_LENGTH)],
  ['$day', (call) => timeText(call, DAY_LENGTH)],
  ['$month', (call) => timeText(call, MONTH_LENGTH)],
]);

const DIMENSIONS: ReadonlyMap<string, DimensionReader> = new Map<string, DimensionReader>([
  ['$model', (call) => call.model],
  ['$servedModel', (call) => call.servedModel ?? null],
  ['$provider', (call) => call.provider],
  ['$operation', (call) => call.operation],
  ['$budget', (call) => budgetNames(call).at(-1) ?? null],
  ['$outcome', (call) => call.outcome],
  ...TIME_DIMENSIONS,
]);

/** Whether `key` is a dimension that a sum of evicted records cannot tell, because it spans times. */
export function isTimeDimension(key: string): boolean {
  return TIME_DIMENSIONS.has(key);
}

/**
 * Returns the reader of one group key: a `$` dimension, or else the tag of that name as text.
 *
 * Times are UTC: `$hour` is `2026-11-24T14`, `$day` `2026-11-24`, `$month` `2026-11`. `$budget` is the innermost
 * budget with a name, so that a record counts once.
 *
 * @throws ConfigError naming `option` for an unknown `$` dimension or a key that is no text.
 */
export function dimensionReader(key: string, option: string): DimensionReader {
  if (typeof key === 'string' && !key.startsWith('$') && key !== '') return (call) => tagText(call, key);
  const reader = DIMENSIONS.get(key);
  if (reader !== undefined) return reader;
  throw new ConfigError({
    option,
    value: key,
    remedy: `give a tag key, or one of ${[...DIMENSIONS.keys()].join(' ')}`,
  });
}

/**
 * Returns all texts a call may be filtered by under `key`: one, but for `$budget` each named budget around the call,
 * so that a filter on an outer budget also finds what inner ones spent.
 *
 * @throws ConfigError as `dimensionReader` does.
 */
export function dimensionValues(key: string, option: string): (call: Call) => readonly (string | null)[] {
  const reader = dimensionReader(key, option);
  if (key !== '$budget') return (call) => [reader(call)];
  return (call) => {
    const names = budgetNames(call);
    return names.length > 0 ? names : [null];
  };
}

function tagText({ tags }: Call, key: string): string | null {
  return Object.hasOwn(tags, key) ? String(tags[key]) : null;
}

function timeText({ timeMs }: Call, length: number): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString().slice(0, length);
}

function budgetNames({ budgets }: Call): string[] {
  return budgets.flatMap(({ name }) => (name === undefined ? [] : [name]));
}
