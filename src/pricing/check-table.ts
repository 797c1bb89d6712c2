import type { Catalog } from './catalog.js';
import { type Place, refuse } from './check-figures.js';
import { isCalledFree } from './genai-figures.js';
import type { Price } from './price.js';
import { FEE_COLUMNS, isFree, type PriceRow, RATE_COLUMNS } from './price-row.js';

/** A rate that changes by more is not a new price, it is another unit or another model. */
const MAX_CHANGE = 100;

/** Below this share of the rows in force a table is a part of one. */
const MIN_SHARE = 0.5;

/** Providers with fewer rows may lose all of them to a new way of naming. */
const MIN_ROWS_TO_COMPARE = 10;

const FIGURES = [...RATE_COLUMNS, ...FEE_COLUMNS, 'maxOutputTokens'] as const;

/**
 * Compares the rows of a table with the table in force: whether it is whole, and whether each figure can be the next of
 * the one before it. `placeOf` says where in its source a row is.
 *
 * @throws ConfigError naming the provider, the model and the figure.
 */
export function checkTable(
  rows: readonly PriceRow[],
  inForce: Catalog,
  table: Place,
  placeOf: (index: number) => Place = () => table,
): void {
  checkWhole(rows, inForce, table);
  const seen = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const place = placeOf(index);
    for (const name of row.names) {
      const key = `${row.provider}\n${name}`;
      if (seen.has(key)) refuse(`${place}: names of ${row.provider}`, name, 'a name has one row');
      seen.add(key);
      const known = inForce.at(row.provider, name);
      if (known) checkChange(row, known, name, place);
    }
    if (isGivenAway(row) && !row.names.some((name) => inForce.at(row.provider, name))) {
      refuse(`${place}: input of ${row.provider} ${row.names[0]}`, 0, 'no provider calls this model free');
    }
  }
}

/** Whether a row costs nothing though its provider does not call it free. */
export function isGivenAway(row: PriceRow): boolean {
  return isFree(row) && !isCalledFree(row.provider, row.names[0]);
}

function checkWhole(rows: readonly PriceRow[], inForce: Catalog, table: Place): void {
  const known = inForce.rows();
  if (rows.length < known.length * MIN_SHARE) {
    refuse(`${table}: number of models`, rows.length, `the table in force has ${known.length}`);
  }
  const before = countByProvider(known);
  const after = countByProvider(rows);
  for (const [provider, count] of before) {
    if (count >= MIN_ROWS_TO_COMPARE && (after.get(provider) ?? 0) < count * MIN_SHARE) {
      const place = `${table}: number of models of ${provider}`;
      refuse(place, after.get(provider) ?? 0, `the table in force has ${count}`);
    }
  }
}

function countByProvider(rows: readonly PriceRow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { provider } of rows) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  return counts;
}

function checkChange(row: PriceRow, known: Price, name: string, place: Place): void {
  for (const figure of FIGURES) {
    const before = known[figure];
    const after = row[figure];
    if (before === undefined || before === 0 || after === undefined) continue;
    if (after * MAX_CHANGE < before || after > before * MAX_CHANGE) {
      const change = `the table in force says ${before}, and no price changes by more than a factor of ${MAX_CHANGE}`;
      refuse(`${place}: ${figure} of ${row.provider} ${name}`, after, change);
    }
  }
}
