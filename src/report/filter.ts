import { ConfigError } from '../errors.js';
import type { TagValue } from '../sink/sink.js';
import { type Call, dimensionValues, isTimeDimension } from './dimension.js';
import { type Instant, parseInstant } from './instant.js';

/** What a tag or dimension must be: a value, one of several, or `null` for a record without it. */
export type WhereValue = TagValue | null | readonly (TagValue | null)[];
/** Conditions by tag key or `$` dimension; a record must meet all. Values compare as text: `1` is `'1'`. */
export type Where = Readonly<Record<string, WhereValue>>;

/** Which records count. */
export interface RecordRange {
  readonly where?: Where;
  /** From this moment, inclusive. */
  readonly since?: Instant;
  /** Up to this moment, exclusive. */
  readonly until?: Instant;
}

/** A checked `RecordRange`. */
export interface RecordFilter {
  /** Whether a record or, unless `readsTime`, a sum of evicted ones meets all conditions. */
  matches(call: Call): boolean;
  /** Whether a condition is about time, which a sum of evicted records cannot tell. */
  readonly readsTime: boolean;
  /** Whether records that settled at `timeMs` or before could match. */
  reachesBackTo(timeMs: number): boolean;
  /** The conditions as words for a message: `feature = 'search', since 2026-11-24T00:00:00.000Z`; may be empty. */
  describe(): string;
}

type Condition = (call: Call) => boolean;

/**
 * Checks a range and makes its filter.
 *
 * @throws ConfigError naming the condition, `since` or `until` that cannot be used.
 */
export function createFilter(range: RecordRange): RecordFilter {
  const sinceMs = range.since === undefined ? undefined : parseInstant(range.since, 'since');
  const untilMs = range.until === undefined ? undefined : parseInstant(range.until, 'until');
  const where = range.where === undefined ? [] : whereEntries(range.where);
  const conditions: Condition[] = where.map(([key, allowed]) => whereCondition(key, allowed));
  if (sinceMs !== undefined) conditions.push(({ timeMs }) => timeMs !== undefined && timeMs >= sinceMs);
  if (untilMs !== undefined) conditions.push(({ timeMs }) => timeMs !== undefined && timeMs < untilMs);
  return {
    matches: (call) => conditions.every((condition) => condition(call)),
    readsTime: sinceMs !== undefined || untilMs !== undefined || where.some(([key]) => isTimeDimension(key)),
    reachesBackTo: (timeMs) => sinceMs === undefined || sinceMs <= timeMs,
    describe: () =>
      [
        ...where.map(([key, allowed]) => `${key} = ${allowed.map(describeText).join(' or ')}`),
        ...(sinceMs === undefined ? [] : [`since ${new Date(sinceMs).toISOString()}`]),
        ...(untilMs === undefined ? [] : [`until ${new Date(untilMs).toISOString()}`]),
      ].join(', '),
  };
}

type WhereEntry = readonly [key: string, allowed: readonly (string | null)[]];

function whereEntries(where: Where): WhereEntry[] {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) {
    throw new ConfigError({ option: 'where', value: where, remedy: "give an object such as { feature: 'search' }" });
  }
  return Object.entries(where).map(([key, value]) => {
    const option = `where.${key}`;
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0) {
      throw new ConfigError({ option, value, remedy: 'give at least one value, or leave the key out' });
    }
    return [key, values.map((one) => whereText(one, value, option))];
  });
}

function whereText(value: unknown, given: unknown, option: string): string | null {
  if (value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  // A condition that is `undefined` by mistake must not widen the filter to everybody.
  throw new ConfigError({
    option,
    value: given,
    remedy: 'give text, a number, a boolean, null for records without it, or an array of these',
  });
}

function whereCondition(key: string, allowed: readonly (string | null)[]): Condition {
  const valuesOf = dimensionValues(key, `where.${key}`);
  const allowedTexts = new Set(allowed);
  return (call) => valuesOf(call).some((value) => allowedTexts.has(value));
}

const MAX_SHOWN_LENGTH = 80;

function describeText(value: string | null): string {
  if (value === null) return 'null';
  return `'${value.length > MAX_SHOWN_LENGTH ? `${value.slice(0, MAX_SHOWN_LENGTH)}…` : value}'`;
}
