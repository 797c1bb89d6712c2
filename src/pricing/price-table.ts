import { CATALOG_AS_OF, CATALOG_ROWS, CATALOG_SOURCE } from './catalog-data.js';

/** A price table as text: where it comes from, of which day it is, and its rows. */
export interface PriceTable {
  readonly source: string;
  /** The day the rates were true, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** One row a line, as JSON, each line with its end. Rates and fees in pico-dollars. */
  readonly rows: string;
}

/** The table this package came with. */
export const BUNDLED_TABLE: PriceTable = Object.freeze({
  source: CATALOG_SOURCE,
  asOf: CATALOG_AS_OF,
  rows: CATALOG_ROWS,
});

/** Whether `text` is a day that exists, written `YYYY-MM-DD`. */
export function isDay(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && dayOf(ms) === text;
}

/** The day of an instant in UTC, `YYYY-MM-DD`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 'YYYY-MM-DD'.length);
}

const MS_PER_DAY = 86_400_000;

/** The last day that can have come: clocks differ, and a day begins earlier elsewhere. */
export function lastPossibleDay(nowMs: number): string {
  return dayOf(nowMs + MS_PER_DAY);
}
