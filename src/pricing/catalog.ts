import type { Price } from './price.js';
import type { PriceRow } from './price-row.js';
import { BUNDLED_TABLE, type PriceTable } from './price-table.js';
import { PROVIDER_KINDS, type ProviderKind } from './provider-kinds.js';

/** A price table, indexed by provider and name. Names are in lower case. */
export interface Catalog {
  readonly table: PriceTable;
  readonly asOf: string;
  /** The number of rows. */
  readonly size: number;
  /** The row of exactly this name at this provider. */
  at(provider: string, name: string): Price | undefined;
  /** Every row of exactly this name, makers first. */
  everywhere(name: string): readonly Price[];
  /** Every row with its names. */
  rows(): readonly PriceRow[];
  kindOf(provider: string): ProviderKind | undefined;
}

/** Opens a table. It is read at the first look-up, so a program that prices nothing pays nothing. */
export function openCatalog(table: PriceTable = BUNDLED_TABLE): Catalog {
  let rowsByName: ReadonlyMap<string, readonly Price[]> | undefined;
  const everywhere = (name: string): readonly Price[] => {
    rowsByName ??= indexByName(table);
    return rowsByName.get(name) ?? [];
  };
  return {
    table,
    asOf: table.asOf,
    size: table.rows.split('\n').length - 1,
    at: (provider, name) => everywhere(name).find((price) => price.provider === provider),
    everywhere,
    rows: () => readRows(table),
    kindOf: (provider) => PROVIDER_KINDS.get(provider),
  };
}

function readRows({ rows }: PriceTable): PriceRow[] {
  return rows
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PriceRow);
}

function indexByName(table: PriceTable): Map<string, readonly Price[]> {
  const rowsByName = new Map<string, Price[]>();
  for (const { names, ...figures } of readRows(table)) {
    const price: Price = Object.freeze({ source: table.source, asOf: table.asOf, ...figures, model: names[0] });
    for (const name of names) {
      const rows = rowsByName.get(name);
      if (rows) rows.push(price);
      else rowsByName.set(name, [price]);
    }
  }
  return rowsByName;
}
